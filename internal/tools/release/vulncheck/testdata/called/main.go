// SPDX-License-Identifier: Apache-2.0

// Command called imports a module with a vulnerability.
package main

import "example.com/vulnerable"

func main() { vulnerable.Parse() }
