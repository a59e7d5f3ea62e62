// SPDX-License-Identifier: Apache-2.0

// Package dcgmreceiver emits what NVIDIA's DCGM knows of the GPUs of a host.
package dcgmreceiver

//go:generate mdatagen metadata.yaml
//go:generate go -C ../../internal/tools run ./metrictable ../../receiver/dcgmreceiver/metadata.yaml ../../receiver/dcgmreceiver/internal/catalog/generated_metrics.go
