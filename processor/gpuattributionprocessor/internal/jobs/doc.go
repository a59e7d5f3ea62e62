// SPDX-License-Identifier: Apache-2.0

// Package jobs reads dcgm-exporter's job-mapping directory: a file for each GPU, named by DCGM's number, with the
// id of a job on each line. Beside it may lie a file job.ID for each job, with what else the prolog knows of it.
package jobs
