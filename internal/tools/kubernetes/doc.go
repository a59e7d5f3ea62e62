// SPDX-License-Identifier: Apache-2.0

// Package kubernetes holds docs/examples/kubernetes to what it promises: its tests decode
// every object strictly as the API server does, ask Kubernetes' own admission for the Pod
// Security Standard "restricted", and let the node agent validate every embedded Collector
// configuration.
//
// The environment variable BINARY names the binary that validates.
package kubernetes
