// SPDX-License-Identifier: Apache-2.0

// Command nothing is a binary for a test.
package main

func main() {}
