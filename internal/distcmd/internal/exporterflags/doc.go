// SPDX-License-Identifier: Apache-2.0

// Package exporterflags translates the flags and environment variables of dcgm-exporter into a configuration of the Collector: the dcgm receiver with
// dcgm-exporter's view, the gpu_attribution processor where pods or jobs are asked for, and a prometheus exporter on dcgm-exporter's address.
package exporterflags
