// SPDX-License-Identifier: Apache-2.0

// Package otlpjson appends pdata to a byte slice as OTLP JSON export requests.
//
// The output is the one of pdata's own JSON marshalers, byte for byte, with two exceptions that keep it one line of valid JSON: the line
// separators U+2028 and U+2029 are escaped and invalid UTF-8 is replaced. Unlike those it allocates nothing per item and does not change
// the data.
package otlpjson
