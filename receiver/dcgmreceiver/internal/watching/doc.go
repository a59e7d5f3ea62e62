// SPDX-License-Identifier: Apache-2.0

// Package watching makes a host engine sample what is needed, within its limits. What is to be watched is a
// plan, which is pure; a [Holder] brings what the host engine holds in line with it, and adds, keeps and removes watches
// to that end. What the host engine refuses is a state of a watch, and asked for again after a while.
package watching
