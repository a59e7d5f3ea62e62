// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"compress/gzip"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"
)

// sink is a backend that takes OTLP over HTTP, and counts the copies of every log record by body.
type sink struct {
	*httptest.Server
	mu      sync.Mutex
	seen    map[string]int // copies
	down    bool
	refused int // requests while it was down
}

func newSink(t *testing.T) *sink {
	t.Helper()
	b := &sink{seen: map[string]int{}}
	b.Server = httptest.NewServer(b)
	t.Cleanup(b.Close)
	return b
}

func (b *sink) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path != "/v1/logs" {
		return // Agents send metrics of their own as well.
	}
	logs, err := readLogs(r)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.down {
		b.refused++
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	for _, resource := range logs.ResourceLogs().All() {
		for _, scope := range resource.ScopeLogs().All() {
			for _, record := range scope.LogRecords().All() {
				b.seen[record.Body().Str()]++
			}
		}
	}
}

// readLogs reads a request, which has the form of logs, as the exporter compresses it.
func readLogs(r *http.Request) (plog.Logs, error) {
	content, err := gzip.NewReader(r.Body)
	if err != nil {
		return plog.Logs{}, err
	}
	body, err := io.ReadAll(content)
	if err != nil {
		return plog.Logs{}, err
	}
	return (&plog.ProtoUnmarshaler{}).UnmarshalLogs(body)
}

// setDown makes the backend refuse everything, or take it again.
func (b *sink) setDown(down bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.down, b.refused = down, 0
}

func (b *sink) hasRefused() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.refused > 0
}

// missing returns how many of the records 0 to n-1 have not arrived.
func (b *sink) missing(n int) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	missing := 0
	for i := range n {
		if b.seen[record(i)] == 0 {
			missing++
		}
	}
	return missing
}

func record(i int) string { return fmt.Sprintf("record %d.", i) }

// lastingAddress is a free address for a process that comes back to it: no client is given
// its port in between, as Linux gives them the ports above.
func lastingAddress(t *testing.T) string {
	t.Helper()
	for {
		address := fmt.Sprintf("127.0.0.1:%d", 20_000+rand.IntN(10_000))
		l, err := net.Listen("tcp", address)
		if err == nil {
			require.NoError(t, l.Close())
			return address
		}
	}
}

// side is an agent or a gateway that runs an example as it is, but for its addresses.
type side struct {
	config, health string
	env            []string
	process        *collector
}

func newSide(t *testing.T, example, prefix string, env ...string) *side {
	t.Helper()
	health := lastingAddress(t)
	return &side{
		config: filepath.Join(root, "docs", "examples", example),
		health: health,
		env:    append(env, prefix+"_HEALTH="+health, prefix+"_QUEUE="+t.TempDir()),
	}
}

func newAgent(t *testing.T, example string, env ...string) (agent *side, otlp string) {
	t.Helper()
	otlp = lastingAddress(t)
	env = append(env, "AGENT_HTTP="+otlp, "AGENT_GRPC="+lastingAddress(t), "DCGM_ENDPOINT="+lastingAddress(t))
	return newSide(t, example, "AGENT", env...), otlp
}

func (s *side) launch(t *testing.T) {
	t.Helper()
	s.process = command("--config", s.config)
	s.process.Env = append(os.Environ(), s.env...)
	s.process.launch(t)
}

func (s *side) waitReady(t *testing.T) {
	t.Helper()
	waitStatus(t, s.health, "/readyz", http.StatusOK)
}

func (s *side) start(t *testing.T) {
	t.Helper()
	s.launch(t)
	s.waitReady(t)
}

// kill ends the process whatever it does, as early as in its start.
func (s *side) kill(t *testing.T) {
	t.Helper()
	require.NoError(t, s.process.Process.Kill())
	<-s.process.exited
}

// sendRecords sends the records from one number to another, each until it is accepted.
func sendRecords(t *testing.T, otlp string, from, to int) {
	t.Helper()
	for i := from; i < to; i++ {
		eventually(t, func() bool { return sendLog(otlp, record(i)) }, "record %d is never accepted", i)
	}
}

// keepSending sends records from a number on, several at once and each until it is accepted.
// stop ends it and returns the number after the last.
func keepSending(t *testing.T, otlp string, from int) (stop func() int) {
	t.Helper()
	var next atomic.Int64
	next.Store(int64(from))
	var stopped atomic.Bool
	var senders sync.WaitGroup
	for range 4 {
		senders.Go(func() {
			for !stopped.Load() {
				body := record(int(next.Add(1)) - 1)
				for t.Context().Err() == nil && !sendLog(otlp, body) {
					time.Sleep(interval)
				}
			}
		})
	}
	return func() int {
		stopped.Store(true)
		senders.Wait()
		return int(next.Load())
	}
}

// killAnytime kills processes at random moments, many of them before they are ready, with
// the backend down at times.
func killAnytime(t *testing.T, to *sink, sides ...*side) {
	t.Helper()
	for range 24 {
		s := sides[rand.IntN(len(sides))]
		to.setDown(rand.IntN(2) == 0)
		time.Sleep(rand.N(600 * time.Millisecond))
		s.kill(t)
		s.launch(t)
	}
	to.setDown(false)
	for _, s := range sides {
		s.waitReady(t)
	}
}

// requireNoLoss kills gateway and agent while records flow, wait at either side or are in
// between. All that the agent accepted arrives; twice is allowed.
func requireNoLoss(t *testing.T, agent, gateway *side, otlp string, to *sink) {
	t.Helper()
	gateway.start(t)
	agent.start(t)
	sendRecords(t, otlp, 0, 100)
	gateway.kill(t)
	sendRecords(t, otlp, 100, 200) // They wait at the agent.
	require.Positive(t, to.missing(200))
	agent.kill(t)
	agent.start(t)
	sendRecords(t, otlp, 200, 300)
	gateway.start(t)
	sendRecords(t, otlp, 300, 400)
	agent.kill(t)
	gateway.kill(t)
	gateway.start(t)
	agent.start(t)
	to.setDown(true)
	sendRecords(t, otlp, 400, 500) // They wait at the gateway.
	eventually(t, to.hasRefused, "nothing reaches the backend")
	gateway.kill(t)
	gateway.start(t)
	to.setDown(false)
	stop := keepSending(t, otlp, 500)
	killAnytime(t, to, agent, gateway)
	sent := stop()
	eventually(t, func() bool { return to.missing(sent) == 0 }, "records are lost of %d", sent)
}

func TestKilledAgentsAndGatewaysLoseNothing(t *testing.T) {
	to, address := newSink(t), lastingAddress(t)
	gateway := newSide(t, "gateway-otlp.yaml", "GATEWAY", "GATEWAY_GRPC="+address, "BACKEND="+to.URL)
	agent, otlp := newAgent(t, "agent-otlp.yaml", "GATEWAY="+address)
	requireNoLoss(t, agent, gateway, otlp, to)
}

func requireFull(t *testing.T) {
	t.Helper()
	if filepath.Base(binary) == "otelcol-tracecore-node" {
		t.Skip("the node agent lacks a component that this needs")
	}
}

func TestBalancedGatewaysLoseNothing(t *testing.T) {
	requireFull(t)
	to, first, second := newSink(t), lastingAddress(t), lastingAddress(t)
	gateway := newSide(t, "gateway-otlp.yaml", "GATEWAY", "GATEWAY_GRPC="+first, "BACKEND="+to.URL)
	other := newSide(t, "gateway-otlp.yaml", "GATEWAY", "GATEWAY_GRPC="+second, "BACKEND="+to.URL)
	other.start(t)
	agent, otlp := newAgent(t, "full/agent-loadbalancing.yaml", "GATEWAY_1="+first, "GATEWAY_2="+second)
	requireNoLoss(t, agent, gateway, otlp, to)
}
