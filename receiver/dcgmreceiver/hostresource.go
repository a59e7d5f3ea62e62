// SPDX-License-Identifier: Apache-2.0

package dcgmreceiver

import (
	"context"

	"go.opentelemetry.io/otel/sdk/resource"
	"go.uber.org/zap"

	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/metadata"
)

// hostAttributes say which host metrics come from, by the name of the resource attribute.
type hostAttributes map[string]string

// detectHost takes what OTEL_RESOURCE_ATTRIBUTES names, else what the operating system knows.
// Neither knows the machine id in most containers.
func detectHost(ctx context.Context, logger *zap.Logger) hostAttributes {
	host, err := resource.New(ctx, resource.WithHost(), resource.WithHostID(), resource.WithFromEnv())
	if err != nil {
		logger.Info("resource attributes of the host are incomplete", zap.Error(err))
	}
	attributes := hostAttributes{}
	for _, kv := range host.Attributes() {
		attributes[string(kv.Key)] = kv.Value.AsString()
	}
	return attributes
}

// set leaves out what is not known.
func (h hostAttributes) set(rb *metadata.ResourceBuilder) {
	if id := h["host.id"]; id != "" {
		rb.SetHostID(id)
	}
	if name := h["host.name"]; name != "" {
		rb.SetHostName(name)
	}
}
