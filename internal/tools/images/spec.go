// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"path"
	"time"

	"github.com/google/go-containerregistry/pkg/v1"
)

const (
	source   = "https://github.com/tracecoreai/tracecore"
	licences = "Apache-2.0"

	// account is otelcol-contrib's: numeric, so that a kubelet can prove runAsNonRoot.
	account = "10001:10001"

	// contribPath is where otelcol-contrib's image has its binary. Its Helm chart starts it there.
	contribPath = "/otelcol-contrib"
	// exporterPath is a link whose name has the binary take the flags of dcgm-exporter.
	exporterPath = "/dcgm-exporter"
	configPath   = "/etc/otelcol-contrib/config.yaml"
	bundlePath   = "/etc/ssl/certs/ca-certificates.crt"
)

// contribPorts are those that otelcol-contrib's image exposes: OTLP over gRPC and HTTP, and zpages.
var contribPorts = []int{4317, 4318, 55679}

// flavour is one image, of the binary bin/<name>.
type flavour struct {
	name        string
	description string
	config      string // default configuration, relative to the repository
	dynamic     bool   // whether the binary needs a C library
	ports       []int
}

var flavours = []flavour{
	{
		name:        "otelcol-tracecore",
		description: "OpenTelemetry Collector for GPU fleets",
		config:      "distribution/otelcol-tracecore/packaging/contrib-compat/config.yaml",
		dynamic:     true,
		ports:       contribPorts,
	},
	{
		name:        "otelcol-tracecore-static",
		description: "OpenTelemetry Collector for GPU fleets, without DCGM",
		config:      "distribution/otelcol-tracecore/packaging/contrib-compat/config.yaml",
		ports:       contribPorts,
	},
	{
		name:        "otelcol-tracecore-node",
		description: "OpenTelemetry Collector for GPU fleets, slim node agent",
		config:      "distribution/otelcol-tracecore-node/config/agent.yaml",
		dynamic:     true,
		ports:       []int{9464, 13134},
	},
}

func findFlavour(name string) (flavour, error) {
	for _, f := range flavours {
		if f.name == name {
			return f, nil
		}
	}
	return flavour{}, fmt.Errorf("%q: no such image", name)
}

// arch is what differs between processors.
type arch struct {
	Name   string // Debian's name and OCI's
	Triple string // Debian's directory of libraries
	Loader string // the path that the psABI gives to the dynamic loader
}

var arches = []arch{
	{Name: "amd64", Triple: "x86_64-linux-gnu", Loader: "/lib64/ld-linux-x86-64.so.2"},
	{Name: "arm64", Triple: "aarch64-linux-gnu", Loader: "/lib/ld-linux-aarch64.so.1"},
}

// libraries are what the binary and NVIDIA's libdcgm, which is C++, may link. The short ones
// are stubs of glibc that libraries built against an older one still name.
var libraries = []library{
	{"libc6", "libc.so.6"},
	{"libc6", "libdl.so.2"},
	{"libc6", "libm.so.6"},
	{"libc6", "libpthread.so.0"},
	{"libc6", "librt.so.1"},
	{"libgcc-s1", "libgcc_s.so.1"},
	{"libstdc++6", "libstdc++.so.6"},
}

type library struct{ pkg, soname string }

// packages are the Debian packages that a flavour's files come from.
func (f flavour) packages() []string {
	if !f.dynamic {
		return []string{"ca-certificates"}
	}
	return []string{"ca-certificates", "gcc-12-base", "libc6", "libgcc-s1", "libstdc++6"}
}

// passwd lets programs that ask find a name for the account.
const passwd = "root:x:0:0::/:/sbin/nologin\notelcol-contrib:x:10001:10001::/:/sbin/nologin\n"

// build is what one run knows of the release.
type build struct {
	version, revision string
	created           time.Time
}

func (b build) labels(f flavour) map[string]string {
	return map[string]string{
		"org.opencontainers.image.created":     b.created.UTC().Format(time.RFC3339),
		"org.opencontainers.image.description": f.description,
		"org.opencontainers.image.licenses":    licences,
		"org.opencontainers.image.name":        f.name,
		"org.opencontainers.image.revision":    b.revision,
		"org.opencontainers.image.source":      source,
		"org.opencontainers.image.version":     b.version,
	}
}

func (b build) config(f flavour) v1.Config {
	exposed := map[string]struct{}{}
	for _, port := range f.ports {
		exposed[fmt.Sprintf("%d/tcp", port)] = struct{}{}
	}
	return v1.Config{
		User:         account,
		Entrypoint:   []string{contribPath},
		Cmd:          []string{"--config", configPath},
		ExposedPorts: exposed,
		Labels:       b.labels(f),
		Env:          []string{"PATH=/"},
		WorkingDir:   "/",
	}
}

// binaryPath is where the image has the binary; contribPath is a link to it.
func (f flavour) binaryPath() string { return path.Join("/", f.name) }
