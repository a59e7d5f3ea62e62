// SPDX-License-Identifier: Apache-2.0

// Package migrate rewrites PromQL on dcgm-exporter's series to the names of dcgm-exporter 4.9, or to those of the dcgm receiver, in files of
// Prometheus rules, PrometheusRule objects and Grafana dashboards. Only what has to change does: formatting, comments and Grafana's variables
// stay. An expression is rewritten as a whole or reported and left as it is, and keeps the unit that its series had.
package migrate
