// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"os"
	"os/exec"
	"testing"
)

// startKafka starts KAFKA_BROKER, a program that serves the Kafka protocol on the address it is
// given, and returns that address.
func startKafka(t *testing.T) string {
	t.Helper()
	program := os.Getenv("KAFKA_BROKER")
	if program == "" {
		t.Skip("KAFKA_BROKER names no broker")
	}
	address := lastingAddress(t)
	broker := &collector{Cmd: exec.Command(program, address), exited: make(chan struct{})}
	broker.Stderr = &broker.err
	broker.launch(t)
	return address
}

func TestKafkaBetweenAgentsAndGatewaysLosesNothing(t *testing.T) {
	requireFull(t)
	to, address := newSink(t), startKafka(t)
	gateway := newSide(t, "full/gateway-kafka.yaml", "GATEWAY", "GATEWAY_NAME=gateway-0", "KAFKA="+address, "BACKEND="+to.URL)
	agent, otlp := newAgent(t, "full/agent-kafka.yaml", "KAFKA="+address)
	requireNoLoss(t, agent, gateway, otlp, to)
}
