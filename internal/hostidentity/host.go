// SPDX-License-Identifier: Apache-2.0

// Package hostidentity says which host telemetry comes from. Configurations and receivers ask it, so that all
// resources of one host name the same.
package hostidentity

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"os"
	"regexp"

	"go.opentelemetry.io/otel/sdk/resource"
)

// Variables that name the host before all else.
const (
	NameVariable = "HOST_NAME"
	IDVariable   = "HOST_ID"
)

// Host is what host.name and host.id of the semantic conventions say, "" where that is not known.
type Host struct {
	Name, ID string
}

// Detect takes what [NameVariable] and [IDVariable] say, else what OTEL_RESOURCE_ATTRIBUTES names, else what the
// operating system knows, which is no machine id in most containers. With an error it returns what is known.
func Detect(ctx context.Context) (Host, error) {
	system, systemErr := resource.New(ctx, resource.WithHost(), resource.WithHostID())
	named, namedErr := resource.New(ctx, resource.WithFromEnv())
	return choose(attributesOf(system), attributesOf(named), os.Getenv), errors.Join(systemErr, namedErr)
}

// machineID is what the operating system gives a host, with or without hyphens. A machine that has not come up yet
// may have another text in its place, such as "uninitialized".
var machineID = regexp.MustCompile(`^(?i:[0-9a-f]-?){32}$`)

func choose(system, named map[string]string, getenv func(string) string) Host {
	attributes := maps.Clone(system)
	if !machineID.MatchString(attributes["host.id"]) {
		delete(attributes, "host.id")
	}
	maps.Copy(attributes, named)
	return Host{
		Name: cmp.Or(getenv(NameVariable), attributes["host.name"]),
		ID:   cmp.Or(getenv(IDVariable), attributes["host.id"]),
	}
}

func attributesOf(r *resource.Resource) map[string]string {
	attributes := map[string]string{}
	for _, kv := range r.Attributes() {
		attributes[string(kv.Key)] = kv.Value.AsString()
	}
	return attributes
}

// Builder is a generated builder of a resource.
type Builder interface {
	SetHostName(name string)
	SetHostID(id string)
}

// AddTo leaves out what is not known.
func (h Host) AddTo(b Builder) {
	if h.Name != "" {
		b.SetHostName(h.Name)
	}
	if h.ID != "" {
		b.SetHostID(h.ID)
	}
}
