// SPDX-License-Identifier: Apache-2.0

package podresources

import (
	"context"
	"errors"
	"regexp"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	api "k8s.io/kubelet/pkg/apis/podresources/v1"

	"github.com/tracecoreai/tracecore/processor/gpuattributionprocessor/internal/holders"
	test "github.com/tracecoreai/tracecore/processor/gpuattributionprocessor/internal/podresources/kubelettest"
)

func TestAPartThatFailsStandsUntilItIsTooOld(t *testing.T) {
	k := test.New(t)
	k.Run(t)
	claim := test.Claiming("ml", "a", "one", "gpu.nvidia.com", "node", "gpu-1")
	share := test.Holding("ml", "b", "main", "nvidia.com/gpu.shared", test.GPU(2)+"::0")
	k.Set(claim, share)
	k.Offer("nvidia.com/gpu.shared", test.GPU(2)+"::0", test.GPU(2)+"::1")
	k.Describe("ml", "a", "11-22", map[string]string{"app": "train"})
	var failed error
	ask := client(t, k, func(s *Settings) {
		s.PodsSocket, s.Labels, s.MaxAge = k.Socket, []*regexp.Regexp{regexp.MustCompile("^app$")}, time.Hour
		s.Slices = func(context.Context) (map[[3]string]string, error) {
			return map[[3]string]string{{"gpu.nvidia.com", "node", "gpu-1"}: test.GPU(1)}, failed
		}
	})
	good, poll, err := ask.Ask(t.Context())
	require.NoError(t, err)
	require.NoError(t, poll.Partial)
	require.Equal(t, "11-22", good.Holdings[holders.UUIDRef(test.GPU(1))][0].UID)
	require.False(t, good.Incomplete)

	failed = errors.New("503")
	k.FailBeside(errors.New("out of order"))
	answer, poll, err := ask.Ask(t.Context())
	require.NoError(t, err)
	for _, part := range []string{"list resource slices: 503", "list pods:", "get allocatable resources:"} {
		require.ErrorContains(t, poll.Partial, part)
	}
	require.Equal(t, good.Holdings, answer.Holdings)
	require.Equal(t, good.Shares, answer.Shares)
	require.False(t, answer.Incomplete)

	k.Set(claim, share, test.Claiming("ml", "c", "two", "gpu.nvidia.com", "node", "gpu-3"))
	answer, _, err = ask.Ask(t.Context())
	require.NoError(t, err)
	require.Equal(t, good.Holdings[holders.UUIDRef(test.GPU(1))], answer.Holdings[holders.UUIDRef(test.GPU(1))])
	require.True(t, answer.Incomplete, "the new pod's GPU is not known")
	ask.settings.MaxAge = 0
	k.Set(claim)
	answer, _, err = ask.Ask(t.Context())
	require.NoError(t, err)
	require.Empty(t, answer.Holdings[holders.UUIDRef(test.GPU(1))], "what is too old does not stand")
	require.True(t, answer.Incomplete)
	k.Set(test.Holding("ml", "odd", "main", "nvidia.com/gpu", "what is this"))
	answer, _, err = ask.Ask(t.Context())
	require.NoError(t, err)
	require.True(t, answer.Incomplete, "an id in no known form is of some GPU")
}

func TestAPodThatHasCompletedHoldsNothing(t *testing.T) {
	k := test.New(t)
	k.Run(t)
	var list []*api.PodResources
	for i, phase := range []string{"Succeeded", "Failed", "Running"} {
		k.Finish("ml", phase, phase)
		list = append(list, test.Holding("ml", phase, "main", "nvidia.com/gpu", test.GPU(i)))
	}
	k.Set(list...)
	c := client(t, k, func(s *Settings) { s.PodsSocket, s.MaxAge = k.Socket, time.Hour })
	answer, _, err := c.Ask(t.Context())
	require.NoError(t, err)
	require.Equal(t, map[holders.Ref][]string{holders.UUIDRef(test.GPU(2)): {"ml/Running/main exclusive"}}, held(answer))
	k.FailBeside(errors.New("out of order"))
	answer, _, err = c.Ask(t.Context())
	require.NoError(t, err)
	require.Len(t, answer.Holdings, 3, "a pod of that name may have been made again meanwhile")
}
