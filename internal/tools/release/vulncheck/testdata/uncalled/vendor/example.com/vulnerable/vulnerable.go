// SPDX-License-Identifier: Apache-2.0

// Package vulnerable has a vulnerability, in Parse alone.
package vulnerable

// Parse is vulnerable.
func Parse() {}

// Format is not.
func Format() {}
