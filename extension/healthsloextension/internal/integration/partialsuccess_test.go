// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"context"
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pmetric/pmetricotlp"
	"google.golang.org/grpc"

	"github.com/tracecoreai/tracecore/extension/healthsloextension/telemetry"
)

// rejecting answers every request with success and with the rejection of all it holds.
type rejecting struct {
	pmetricotlp.UnimplementedGRPCServer
}

func (*rejecting) Export(_ context.Context, request pmetricotlp.ExportRequest) (pmetricotlp.ExportResponse, error) {
	response := pmetricotlp.NewExportResponse()
	response.PartialSuccess().SetErrorMessage("not today")
	response.PartialSuccess().SetRejectedDataPoints(int64(request.Metrics().DataPointCount()))
	return response, nil
}

// What the README says of backends that reject: the log has it, the exporter's counters do not.
func TestRejectedItemsAreInTheLogAndCountAsSent(t *testing.T) {
	c := start(t, telemetry.NewFactory(), config)
	c.eventually(t, "tracecore_exporter_failure_rate exporter=otlp_grpc/gives_up", 1)
	listener, err := net.Listen("tcp", c.backend)
	require.NoError(t, err)
	server := grpc.NewServer()
	pmetricotlp.RegisterGRPCServer(server, &rejecting{})
	done := make(chan error, 1)
	go func() { done <- server.Serve(listener) }()
	t.Cleanup(func() {
		server.Stop()
		require.NoError(t, <-done)
	})
	c.eventually(t, "tracecore_exporter_failure_rate exporter=otlp_grpc/gives_up", 0)
	require.Eventually(t, func() bool { return c.logs.FilterMessage("Partial success response").Len() > 0 }, patience, 10*time.Millisecond)
	fields := c.logs.FilterMessage("Partial success response").All()[0].ContextMap()
	require.Equal(t, "not today", fields["message"])
	require.EqualValues(t, 1, fields["dropped_data_points"])
	require.Contains(t, []any{"otlp_grpc/gives_up", "otlp_grpc/retries"}, fields["otelcol.component.id"])
}
