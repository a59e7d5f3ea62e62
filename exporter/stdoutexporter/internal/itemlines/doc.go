// SPDX-License-Identifier: Apache-2.0

// Package itemlines appends pdata to a byte slice as one compact JSON object per line and item: per data point, log record, span and
// profile sample.
//
// The lines are for people and for jq. They carry what identifies and explains an item, its resource and scope included, as plain JSON
// values, and leave out descriptions, schema URLs, dropped counts and flags other than "no recorded value". What has no value is absent.
package itemlines
