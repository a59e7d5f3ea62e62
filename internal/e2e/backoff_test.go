// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"bytes"
	"fmt"
	"net/http"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const (
	outage = 6 * time.Second
	// Pauses of 1 s and more, each up to half of itself shorter, make fewer attempts than this in
	// an outage. Without pauses there are thousands.
	attempts = 12
	batch    = 8
)

// sendBatch sends records in one request, each of a trace of its own, so that a balancing
// exporter splits the request.
func sendBatch(t *testing.T, otlp string) {
	t.Helper()
	var records []string
	for i := range batch {
		records = append(records, fmt.Sprintf(`{"traceId":"%032x","body":{"stringValue":%q}}`, i+1, record(i)))
	}
	payload := `{"resourceLogs":[{"scopeLogs":[{"logRecords":[` + strings.Join(records, ",") + `]}]}]}`
	eventually(t, func() bool {
		resp, err := http.Post("http://"+otlp+"/v1/logs", "application/json", strings.NewReader(payload))
		if err != nil {
			return false
		}
		_ = resp.Body.Close() // The status is all that counts.
		return resp.StatusCode == http.StatusOK
	}, "the agent never accepts")
}

// requireFewCopies requires that every record has arrived, and how often at most.
func (b *sink) requireFewCopies(t *testing.T, most int) {
	t.Helper()
	eventually(t, func() bool { return b.missing(batch) == 0 }, "records never arrive")
	b.mu.Lock()
	defer b.mu.Unlock()
	for i := range batch {
		require.LessOrEqual(t, b.seen[record(i)], most, record(i))
	}
}

// A backend that is down is asked again after pauses, and what it refused arrives once.
func requirePatience(t *testing.T, agent, gateway *side, otlp string, to *sink) {
	t.Helper()
	gateway.start(t)
	agent.start(t)
	to.setDown(true)
	sendBatch(t, otlp)
	eventually(t, to.hasRefused, "nothing reaches the backend")
	time.Sleep(outage)
	to.mu.Lock()
	refused := to.refused
	to.mu.Unlock()
	require.LessOrEqual(t, refused, attempts)
	to.setDown(false)
	to.requireFewCopies(t, 1)
}

func TestAgentsAndGatewaysPauseBetweenRetries(t *testing.T) {
	to, address := newSink(t), lastingAddress(t)
	gateway := newSide(t, "gateway-otlp.yaml", "GATEWAY", "GATEWAY_GRPC="+address, "BACKEND="+to.URL)
	agent, otlp := newAgent(t, "agent-otlp.yaml", "GATEWAY="+address)
	requirePatience(t, agent, gateway, otlp, to)
}

// What the gateway that is up has taken of a request is sent to it again with every retry.
func TestBalancingAgentsPauseBetweenRetries(t *testing.T) {
	requireFull(t)
	to, first, second := newSink(t), lastingAddress(t), lastingAddress(t)
	up := newSide(t, "gateway-otlp.yaml", "GATEWAY", "GATEWAY_GRPC="+first, "BACKEND="+to.URL)
	down := newSide(t, "gateway-otlp.yaml", "GATEWAY", "GATEWAY_GRPC="+second, "BACKEND="+to.URL)
	agent, otlp := newAgent(t, "full/agent-loadbalancing.yaml", "GATEWAY_1="+first, "GATEWAY_2="+second)
	up.start(t)
	agent.start(t)
	sendBatch(t, otlp)
	eventually(t, func() bool { return to.missing(batch) < batch }, "nothing arrives through the gateway that is up")
	time.Sleep(outage)
	down.start(t)
	to.requireFewCopies(t, attempts)
}

func TestAgentsAndGatewaysWithKafkaPauseBetweenRetries(t *testing.T) {
	requireFull(t)
	to, kafka := newSink(t), startKafka(t)
	gateway := newSide(t, "full/gateway-kafka.yaml", "GATEWAY", "GATEWAY_NAME=gateway-0", "KAFKA="+kafka, "BACKEND="+to.URL)
	agent, otlp := newAgent(t, "full/agent-kafka.yaml", "KAFKA="+kafka)
	requirePatience(t, agent, gateway, otlp, to)
}

// Several exporters' and receivers' defaults are no pause at all, which other tests meet only
// where a side is down.
func TestShippedRetriesHaveAPause(t *testing.T) {
	retries := 0
	for path, config := range allShipped(t) {
		for _, components := range []map[string]map[string]any{config.Receivers, config.Exporters} {
			for id, component := range components {
				for _, key := range []string{"retry_on_failure", "error_backoff"} {
					retry, on := component[key].(map[string]any)
					if !on || retry["enabled"] == false {
						continue
					}
					retries++
					require.Equal(t, "1s", retry["initial_interval"], "%s: %s", path, id)
					require.Equal(t, "30s", retry["max_interval"], "%s: %s", path, id)
					if strings.HasPrefix(id, "loadbalancing") || strings.HasPrefix(id, "kafka/") {
						require.InDelta(t, 1.5, retry["multiplier"], 0, "%s: %s", path, id)
					}
				}
			}
		}
	}
	require.Equal(t, 28, retries)
}

func TestValidateWarnsOfARetryThatHardlyPauses(t *testing.T) {
	for settings, want := range map[string]string{
		"{}":                                     "",
		"{enabled: false, initial_interval: 0s}": "",
		"{initial_interval: 1ms}":                "",
		"{initial_interval: 0s}":                 `"initial_interval" (0s) is below 1ms`,
		"{initial_interval: 1ms, max_interval: 1ms}":                    `"max_interval" (1ms) is below 10ms`,
		"{initial_interval: 1s, multiplier: 0.1, max_elapsed_time: 0s}": `"multiplier" (0.1) is below 1`,
		"{initial_interval: 0, max_interval: 1ns, multiplier: 0.5}":     `"initial_interval" (0s) is below 10ms and "max_interval" (1ns) is below 10ms and "multiplier" (0.5) is below 1`,
	} {
		t.Run(settings, func(t *testing.T) {
			config := configFile(t, `
receivers: {otlp: {protocols: {grpc: }}}
exporters: {otlp_grpc/far: {endpoint: 127.0.0.1:1, retry_on_failure: %s}}
service: {pipelines: {logs: {receivers: [otlp], exporters: [otlp_grpc/far]}}}
`, settings)
			validated := exec.Command(binary, "validate", "--config", config)
			var said bytes.Buffer
			validated.Stderr = &said
			out, err := validated.Output()
			require.NoError(t, err, "a warning is no error")
			require.Empty(t, string(out))
			if want == "" {
				require.Empty(t, said.String())
				return
			}
			require.Equal(t, `warning: "exporters::otlp_grpc/far::retry_on_failure": retries hardly pause, since `+want+": what cannot be delivered is sent in a loop\n", said.String())
		})
	}
}
