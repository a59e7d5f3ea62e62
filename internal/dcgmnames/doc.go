// SPDX-License-Identifier: Apache-2.0

// Package dcgmnames says what the fields of DCGM are called, by DCGM 4.6 and 4.7 and by what came before, in which unit they are, and what
// dcgm-exporter 4.9 calls the series of 4.8. The names are data, in fields.tsv and series.tsv.
//
// Numbers of fields never change and names do: a name can mean one field in DCGM 4.6 and another one in DCGM 4.7. [Resolve] takes the version of
// the host engine for that reason.
package dcgmnames
