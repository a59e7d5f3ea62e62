// SPDX-License-Identifier: Apache-2.0

// Package kerneleventsreceiver makes log records and counters of what the kernel log says about GPUs, NVSwitches, PCI Express, memory,
// links, disks and the kernel itself.
//
// Some XIDs never reach DCGM, and none do while its host engine is frozen or absent; much of what takes a node out of service is in the
// kernel log alone.
package kerneleventsreceiver

//go:generate mdatagen metadata.yaml
