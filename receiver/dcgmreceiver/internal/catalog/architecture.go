// SPDX-License-Identifier: Apache-2.0

package catalog

import "fmt"

// Architecture is a compute capability as field 63 has it: the major version in the upper
// and the minor in the lower 16 bits; 0 where it is not known.
type Architecture int64

// The architectures that make a difference.
const (
	Hopper    Architecture = 9 << 16
	Blackwell Architecture = 10 << 16
)

// Plausible takes major versions to 99 and minor ones to 9.
func (a Architecture) Plausible() bool { return a>>16 >= 1 && a>>16 <= 99 && a&0xffff <= 9 }

// String returns the capability as NVIDIA writes it, such as 9.0.
func (a Architecture) String() string {
	if a == 0 {
		return ""
	}
	return fmt.Sprintf("%d.%d", a>>16, a&0xffff)
}
