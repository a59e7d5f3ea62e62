// SPDX-License-Identifier: Apache-2.0

package podresources

import (
	"context"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	api "k8s.io/kubelet/pkg/apis/podresources/v1"

	"github.com/tracecoreai/tracecore/processor/gpuattributionprocessor/internal/holders"
	test "github.com/tracecoreai/tracecore/processor/gpuattributionprocessor/internal/podresources/kubelettest"
)

func client(t *testing.T, k *test.Kubelet, change func(*Settings)) *Client {
	t.Helper()
	settings := Settings{Socket: k.Socket, Timeout: 10 * time.Second, Rules: Rules{Sharing: holders.Timeslice}}
	if change != nil {
		change(&settings)
	}
	c, err := New(settings)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, c.Close()) })
	return c
}

// held renders who holds what: pod/container kind shares.
func held(a *holders.Answer) map[holders.Ref][]string {
	out := map[holders.Ref][]string{}
	for ref, holdings := range a.Holdings {
		for _, h := range holdings {
			text := fmt.Sprintf("%s/%s/%s %s", h.Namespace, h.Pod, h.Container, h.Kind)
			if h.Replica != "" {
				text += " share " + h.Replica
			}
			if h.Claim.Name != "" {
				text += " claim " + h.Claim.Name
			}
			out[ref] = append(out[ref], text)
		}
	}
	return out
}

func TestTheKubeletSaysWhoHoldsWhichGPU(t *testing.T) {
	k := test.New(t)
	k.Run(t)
	both := test.Holding("ml", "two", "main", "nvidia.com/gpu", test.GPU(1), test.GPU(2))
	both.Containers[0].Devices = append(both.Containers[0].Devices, both.Containers[0].Devices[0]) // listed for each NUMA node
	k.Set(both,
		test.Holding("ml", "slice", "main", "nvidia.com/gpu.shared", test.GPU(3)+"::0"),
		test.Holding("ml", "slice2", "main", "nvidia.com/gpu.shared", test.GPU(3)+"::1", test.GPU(3)+"::2"),
		test.Holding("ml", "mig", "main", "nvidia.com/mig-1g.10gb", test.MIG(4)),
		test.Holding("ml", "gke", "main", "nvidia.com/gpu", "nvidia5/gi2", "nvidia6/vgpu1"),
		test.Holding("ml", "own", "main", "example.com/gpu", test.GPU(7)),
		test.Holding("ml", "nic", "main", "example.com/nic", "eth0"),
		test.Holding("ml", "odd", "main", "nvidia.com/gpu", "what is this"),
	)
	k.Offer("nvidia.com/gpu.shared", test.GPU(3)+"::0", test.GPU(3)+"::1", test.GPU(3)+"::2", test.GPU(3)+"::3")
	k.Offer("nvidia.com/gpu", test.GPU(1))
	c := client(t, k, func(s *Settings) { s.Rules.Resources = []*regexp.Regexp{regexp.MustCompile(`^example\.com/gpu$`)} })
	answer, poll, err := c.Ask(t.Context())
	require.NoError(t, err)
	require.NoError(t, poll.Partial)
	require.Equal(t, 1, poll.Unreadable)
	require.Equal(t, map[holders.Ref][]string{
		holders.UUIDRef(test.GPU(1)):             {"ml/two/main exclusive"},
		holders.UUIDRef(test.GPU(2)):             {"ml/two/main exclusive"},
		holders.UUIDRef(test.GPU(3)):             {"ml/slice/main timeslice share 0", "ml/slice2/main timeslice share 1", "ml/slice2/main timeslice share 2"},
		holders.UUIDRef(test.MIG(4)):             {"ml/mig/main mig"},
		holders.NameRef("nvidia5").Instance("2"): {"ml/gke/main mig"},
		holders.NameRef("nvidia6"):               {"ml/gke/main timeslice share 1"},
		holders.UUIDRef(test.GPU(7)):             {"ml/own/main exclusive"},
	}, held(answer))
	require.Equal(t, map[holders.Ref]int{holders.UUIDRef(test.GPU(3)): 4}, answer.Shares)
	mps := client(t, k, func(s *Settings) { s.Rules.Sharing = holders.MPS })
	answer, _, err = mps.Ask(t.Context())
	require.NoError(t, err)
	require.Equal(t, "ml/slice/main mps share 0", held(answer)[holders.UUIDRef(test.GPU(3))][0])
}

func TestClaimsResolveByCDINameElseByResourceSlice(t *testing.T) {
	k := test.New(t)
	k.Run(t)
	k.Set(
		test.Claiming("ml", "cdi", "one", "gpu.nvidia.com", "node", "gpu-0", "k8s.gpu.nvidia.com/device="+test.GPU(1)),
		test.Claiming("ml", "slice", "two", "gpu.nvidia.com", "node", "gpu-1", "k8s.gpu.nvidia.com/claim=1-gpu-1"),
		test.Claiming("ml", "neither", "three", "gpu.nvidia.com", "node", "gpu-2"),
		test.Claiming("ml", "other", "four", "compute-domain.nvidia.com", "node", "channel-0"),
	)
	c := client(t, k, func(s *Settings) {
		s.Slices = func(context.Context) (map[[3]string]string, error) {
			return map[[3]string]string{{"gpu.nvidia.com", "node", "gpu-1"}: test.GPU(2)}, nil
		}
	})
	answer, _, err := c.Ask(t.Context())
	require.NoError(t, err)
	require.Equal(t, map[holders.Ref][]string{
		holders.UUIDRef(test.GPU(1)):    {"ml/cdi/main dra claim one"},
		holders.UUIDRef(test.GPU(2)):    {"ml/slice/main dra claim two"},
		"dra:gpu.nvidia.com/node/gpu-2": {"ml/neither/main dra claim three"},
	}, held(answer))
	require.Equal(t, holders.Claim{Namespace: "ml", Name: "one", Driver: "gpu.nvidia.com", Pool: "node", Device: "gpu-0"},
		answer.Holdings[holders.UUIDRef(test.GPU(1))][0].Claim)

	failing := client(t, k, func(s *Settings) {
		s.Slices = func(context.Context) (map[[3]string]string, error) { return nil, errors.New("forbidden") }
	})
	answer, poll, err := failing.Ask(t.Context())
	require.NoError(t, err, "what the kubelet says is used all the same")
	require.ErrorContains(t, poll.Partial, "list resource slices: forbidden")
	require.Len(t, answer.Holdings, 3)
}

func TestUIDsAndAllowedLabelsComeFromThePodsAPI(t *testing.T) {
	k := test.New(t)
	k.Run(t)
	k.Set(test.Holding("ml", "a", "main", "nvidia.com/gpu", test.GPU(1)), test.Holding("ml", "b", "main", "nvidia.com/gpu", test.GPU(2)))
	k.Describe("ml", "a", "11-22", map[string]string{"app": "train", "secret": "x", "team": "red"})
	k.Describe("other", "b", "33-44", nil)
	c := client(t, k, func(s *Settings) {
		s.PodsSocket, s.Labels = k.Socket, []*regexp.Regexp{regexp.MustCompile("^app$"), regexp.MustCompile("^te.*$")}
	})
	answer, poll, err := c.Ask(t.Context())
	require.NoError(t, err)
	require.NoError(t, poll.Partial)
	a := answer.Holdings[holders.UUIDRef(test.GPU(1))][0]
	require.Equal(t, "11-22", a.UID)
	require.Equal(t, "app=train\nteam=red", a.Labels)
	require.Empty(t, answer.Holdings[holders.UUIDRef(test.GPU(2))][0].UID, "of a pod of that name in another namespace")

	k.Garble()
	answer, poll, err = c.Ask(t.Context())
	require.NoError(t, err)
	require.ErrorContains(t, poll.Partial, "decode pod")
	require.Len(t, answer.Holdings, 2)
}

func TestOldKubeletsAndFailuresOfTheKubelet(t *testing.T) {
	k := test.New(t)
	c := client(t, k, func(s *Settings) { s.Timeout = 2 * time.Second })
	_, _, err := c.Ask(t.Context())
	require.Equal(t, codes.Unavailable, status.Code(err), err)
	k.Run(t)
	k.Set(test.Holding("ml", "a", "main", "nvidia.com/gpu", test.GPU(1)))
	eventually(t, func() bool { _, _, err := c.Ask(t.Context()); return err == nil })
	k.Fail(status.Error(codes.Internal, "out of order"))
	_, _, err = c.Ask(t.Context())
	require.ErrorContains(t, err, "list pod resources: rpc error: code = Internal desc = out of order")
	k.Fail(nil)
	k.Hang(true)
	_, _, err = c.Ask(t.Context())
	require.Equal(t, codes.DeadlineExceeded, status.Code(err), err)
	k.Hang(false)
	eventually(t, func() bool { _, _, err := c.Ask(t.Context()); return err == nil })
}

func TestAKubeletThatIsBackIsAskedAgain(t *testing.T) {
	k := test.New(t)
	k.Run(t)
	c := client(t, k, nil)
	_, poll, err := c.Ask(t.Context())
	require.NoError(t, err)
	require.False(t, poll.Restarted)
	k.Stop()
	_, _, err = c.Ask(t.Context())
	require.Error(t, err)
	time.Sleep(2 * time.Millisecond) // A file system's clock is coarse.
	k.Run(t)
	restarted := false
	eventually(t, func() bool {
		_, poll, err := c.Ask(t.Context())
		restarted = restarted || poll.Restarted
		return err == nil
	})
	require.True(t, restarted)
}

func TestTwoThousandPodsAreOneAnswer(t *testing.T) {
	k := test.New(t)
	k.Run(t)
	var all []*api.PodResources
	for i := range 2000 {
		all = append(all, test.Holding("ml", fmt.Sprintf("pod-%d", i), "main", "nvidia.com/gpu.shared", fmt.Sprintf("%s::%d", test.GPU(i%16), i)))
	}
	k.Set(all...)
	answer, _, err := client(t, k, nil).Ask(t.Context())
	require.NoError(t, err)
	require.Len(t, answer.Holdings, 16)
	require.Len(t, answer.Holdings[holders.UUIDRef(test.GPU(3))], 125)
}

func TestAnAnswerBeyondAllMeasureIsAnError(t *testing.T) {
	k := test.New(t)
	k.Run(t)
	k.Set(test.Holding("ml", string(make([]byte, maxResources)), "main", "nvidia.com/gpu", test.GPU(1)))
	_, _, err := client(t, k, nil).Ask(t.Context())
	require.Equal(t, codes.ResourceExhausted, status.Code(err), err)
}

func TestResourceSlicesAreListedPageByPage(t *testing.T) {
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer secret" || r.URL.Path != "/apis/resource.k8s.io/v1/resourceslices" {
			http.Error(w, "no", http.StatusForbidden)
			return
		}
		page, next := test.GPU(1), "more"
		if r.URL.Query().Get("continue") == "more" {
			page, next = test.GPU(2), ""
		}
		device := map[string]any{"name": "gpu-of-" + page, "attributes": map[string]any{"uuid": map[string]any{"string": page}, "index": map[string]any{"int": 1}}}
		_ = json.NewEncoder(w).Encode(map[string]any{ // The client's error shows.
			"metadata": map[string]any{"continue": next},
			"items":    []any{map[string]any{"spec": map[string]any{"driver": "gpu.nvidia.com", "pool": map[string]any{"name": "node"}, "devices": []any{device}}}},
		})
	}))
	defer server.Close()
	dir := t.TempDir()
	token, ca := filepath.Join(dir, "token"), filepath.Join(dir, "ca.crt")
	require.NoError(t, os.WriteFile(token, []byte("secret\n"), 0o600))
	require.NoError(t, os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}), 0o600))
	got, err := NewSlices(server.URL, token, ca).List(t.Context())
	require.NoError(t, err)
	require.Equal(t, map[[3]string]string{
		{"gpu.nvidia.com", "node", "gpu-of-" + test.GPU(1)}: test.GPU(1), {"gpu.nvidia.com", "node", "gpu-of-" + test.GPU(2)}: test.GPU(2),
	}, got)

	require.NoError(t, os.WriteFile(token, []byte("wrong"), 0o600))
	_, err = NewSlices(server.URL, token, ca).List(t.Context())
	require.ErrorContains(t, err, "the API server answers 403 Forbidden")
	_, err = NewSlices(server.URL, token, filepath.Join(dir, "absent")).List(t.Context())
	require.ErrorContains(t, err, "read ca_file")
	_, err = NewSlices(server.URL, token, token).List(t.Context())
	require.ErrorContains(t, err, "has no certificate")
}

func eventually(t *testing.T, ok func() bool) {
	t.Helper()
	require.Eventually(t, ok, time.Minute, 10*time.Millisecond)
}
