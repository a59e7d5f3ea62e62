// SPDX-License-Identifier: Apache-2.0

// Package jsontext appends JSON tokens to a byte slice without allocating.
//
// It knows no data model: callers bring the structure, the package brings the rules for keys, strings and numbers. The last byte of the
// buffer shows [Key] whether a comma is due, so that callers keep no state.
package jsontext
