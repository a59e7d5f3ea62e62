// SPDX-License-Identifier: Apache-2.0

// Package inventory is what a host engine has and what is known of it beside values: identity,
// facts and status. It is pure: [Refresh] makes what is known now of what was known before and of
// what the host engine has answered.
package inventory
