// SPDX-License-Identifier: Apache-2.0

package gpuattributionprocessor

import (
	"context"
	"time"

	"go.opentelemetry.io/collector/config/configoptional"

	"github.com/tracecoreai/tracecore/processor/gpuattributionprocessor/internal/holders"
	"github.com/tracecoreai/tracecore/processor/gpuattributionprocessor/internal/podresources"
)

// kubelet asks the kubelet of this node.
type kubelet struct {
	settings podresources.Settings
	interval time.Duration
	client   *podresources.Client

	held  int  // holdings of the last answer that counts
	shaky bool // the last answer was an error
}

func newKubelet(cfg KubernetesConfig, maxAge time.Duration) (*kubelet, error) {
	resources, err := compile("resources", cfg.Resources)
	if err != nil {
		return nil, err
	}
	labels, err := compile("pod_labels", cfg.PodLabels)
	if err != nil {
		return nil, err
	}
	settings := podresources.Settings{
		Socket: cfg.Socket, PodsSocket: cfg.PodsSocket, Labels: labels, Timeout: cfg.Timeout, MaxAge: maxAge,
		Rules: podresources.Rules{Resources: resources, Sharing: holders.Kind(cfg.Sharing)},
	}
	if cfg.ResourceSlices.HasValue() {
		slices := cfg.ResourceSlices.Get()
		settings.Slices = podresources.NewSlices(slices.Endpoint, slices.TokenFile, slices.CAFile).List
	}
	return &kubelet{settings: settings, interval: cfg.PollInterval}, nil
}

func (k *kubelet) open() (func(), error) {
	var err error
	if k.client, err = podresources.New(k.settings); err != nil {
		return nil, err
	}
	return func() { _ = k.client.Close() }, nil // The connection is given up.
}

func (k *kubelet) ask(ctx context.Context) reply {
	answer, poll, err := k.client.Ask(ctx)
	if err != nil {
		k.shaky = true
	}
	if err == nil && k.incomplete(answer, poll.Restarted) {
		answer = nil
	}
	return reply{answer: answer, err: err, bad: poll.Unreadable, partial: poll.Partial, restarted: poll.Restarted}
}

// incomplete reports whether a kubelet that has failed or restarted lists fewer holders than before: until it has seen all
// of its pods again it lists some, so that such an answer counts when it is given twice.
func (k *kubelet) incomplete(answer *holders.Answer, restarted bool) bool {
	held := 0
	for _, holdings := range answer.Holdings {
		held += len(holdings)
	}
	fewer := (k.shaky || restarted) && held < k.held
	k.held, k.shaky = held, false
	return fewer
}

func (k *kubelet) wait(ctx context.Context) {
	timer := time.NewTimer(k.interval)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}

func valueOr[T any](optional configoptional.Optional[T], otherwise T) T {
	if optional.HasValue() {
		return *optional.Get()
	}
	return otherwise
}
