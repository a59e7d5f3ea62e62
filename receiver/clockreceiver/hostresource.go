// SPDX-License-Identifier: Apache-2.0

package clockreceiver

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"os"
	"regexp"

	"go.opentelemetry.io/otel/sdk/resource"
	"go.uber.org/zap"

	"github.com/tracecoreai/tracecore/receiver/clockreceiver/internal/metadata"
)

// hostAttributes say which host metrics come from, by the name of the resource attribute.
type hostAttributes map[string]string

// hostVariables name the host before all else, as they do for ${env:…} in a configuration: what other receivers
// take in has the same names then.
var hostVariables = hostAttributes{"host.name": "HOST_NAME", "host.id": "HOST_ID"}

// machineID is what the operating system gives a host, with or without hyphens. A machine that has not come up yet
// may have another text in its place, such as "uninitialized".
var machineID = regexp.MustCompile(`^(?i:[0-9a-f]-?){32}$`)

// detectHost takes what HOST_NAME and HOST_ID say, else what OTEL_RESOURCE_ATTRIBUTES names, else what the operating
// system knows. None knows the machine id in most containers.
func detectHost(ctx context.Context, logger *zap.Logger) hostAttributes {
	system, systemErr := resource.New(ctx, resource.WithHost(), resource.WithHostID())
	named, namedErr := resource.New(ctx, resource.WithFromEnv())
	if err := errors.Join(systemErr, namedErr); err != nil {
		logger.Info("resource attributes of the host are incomplete", zap.Error(err))
	}
	return chooseHost(attributesOf(system), attributesOf(named), os.Getenv)
}

func chooseHost(system, named hostAttributes, getenv func(string) string) hostAttributes {
	if !machineID.MatchString(system["host.id"]) {
		delete(system, "host.id")
	}
	maps.Copy(system, named)
	for attribute, variable := range hostVariables {
		system[attribute] = cmp.Or(getenv(variable), system[attribute])
	}
	return system
}

func attributesOf(r *resource.Resource) hostAttributes {
	attributes := hostAttributes{}
	for _, kv := range r.Attributes() {
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
