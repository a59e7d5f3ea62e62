// SPDX-License-Identifier: Apache-2.0

//go:generate mdatagen metadata.yaml

// Package healthsloextension serves the Collector's liveness and readiness over HTTP:
// liveness is the process alone, readiness is pipelines started, not draining and no
// component in a permanent or fatal error.
package healthsloextension
