// SPDX-License-Identifier: Apache-2.0

// Package ledger splits a cumulative sum of a GPU between those who hold it, so that the parts never add up to
// more than the whole. It reads no clock: all times are those of the samples and of the changes.
package ledger
