// SPDX-License-Identifier: Apache-2.0

// Package series makes values of samples. It keeps the newest sample of every field of an entity, which source each
// of its series comes from, and the totals of the cumulative ones. Its one notion of time is the host engine's.
package series
