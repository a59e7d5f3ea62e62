// SPDX-License-Identifier: Apache-2.0

package healthsloextension

import (
	"context"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/config/confighttp"
	"go.opentelemetry.io/collector/extension"

	"github.com/tracecoreai/tracecore/extension/healthsloextension/internal/metadata"
)

// NewFactory creates a factory for the health_slo extension.
func NewFactory() extension.Factory {
	return extension.NewFactory(metadata.Type, createDefaultConfig, create, metadata.ExtensionStability)
}

func createDefaultConfig() component.Config {
	server := confighttp.NewDefaultServerConfig()
	server.NetAddr.Endpoint = "localhost:13134"
	server.ReadHeaderTimeout = 5 * time.Second
	server.ReadTimeout = 10 * time.Second
	server.MaxRequestBodySize = 1024
	return &Config{
		HTTP:           server,
		Paths:          PathsConfig{Metrics: "/metrics", Healthz: "/healthz", Readyz: "/readyz", GPUs: "/gpus"},
		Window:         time.Minute,
		SampleInterval: 5 * time.Second,
	}
}

func create(_ context.Context, set extension.Settings, cfg component.Config) (extension.Extension, error) {
	return newHealthSLO(set, cfg.(*Config)), nil
}
