// SPDX-License-Identifier: Apache-2.0

// Command uncalled imports a module with a vulnerability.
package main

import "example.com/vulnerable"

func main() { vulnerable.Format() }
