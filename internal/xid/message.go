// SPDX-License-Identifier: Apache-2.0

package xid

import (
	"regexp"
	"slices"
	"strconv"
)

// nvlink5 reads what follows the code of XIDs 144 to 150: unit, severity, link and the words of interrupt information and error status.
var nvlink5 = regexp.MustCompile(`^([A-Z][A-Z0-9_]+)\b(?:\s+(?i:(fatal)|non-?fatal)\b)?(?:.*?\bLink\s+(-?\d+))?(?:[^(\[]*[(\[](0x[0-9a-fA-F]{1,8})(?:[\s,]+(0x[0-9a-fA-F]{1,8}))?)?`)

// unit is where the message of NVLink 5 begins in a text that has something else before it.
var unit = regexp.MustCompile(`\b[A-Z][A-Z0-9_]+\s+(?i:fatal|non-?fatal)\b`)

// recovery reads what follows the code of XID 154. The number is NVML's; the text is for people.
var recovery = regexp.MustCompile(`\bto 0x([0-9a-fA-F]+)\b`)

// Recovery is something that the driver asks for to recover a GPU.
type Recovery struct {
	Name     string // of NVML
	Action   string // of NVIDIA's catalogue
	Severity Severity
}

// recoveries are NVML's recovery actions, by number.
var recoveries = []Recovery{
	{"none", "IGNORE", Info},
	{"gpu_reset", "RESET_GPU", Error},
	{"node_reboot", "RESTART_BM", Fatal},
	{"drain_p2p", "DRAIN_P2P", Warn},
	{"drain_and_reset", "DRAIN_AND_RESET", Error},
}

// Message returns what is known about an XID whose kernel message goes on with text after the code. What the driver says there, about XIDs
// 144 to 150 and 154, is better than the row of the code alone; what a user set is better than both.
func (t *Table) Message(number int, text string) Code {
	code := t.code(XID, number)
	switch {
	case len(t.subCodes[number]) > 0:
		code = t.nvlink(code, text)
	case number == recoveryActionChanged:
		code = recovered(code, text)
	}
	return t.overridden(code)
}

// RecoveryOf returns the recovery action that has a number of NVML, as DCGM's field 1523 has it, too. It reports false for one that is not known.
func RecoveryOf(number int64) (Recovery, bool) {
	if number < 0 || number >= int64(len(recoveries)) {
		return Recovery{}, false
	}
	return recoveries[number], true
}

const recoveryActionChanged = 154

func recovered(code Code, text string) Code {
	match := recovery.FindStringSubmatch(text)
	if match == nil {
		return code
	}
	number, err := strconv.ParseUint(match[1], 16, 32)
	r, known := RecoveryOf(int64(number)) //nolint:gosec // It has 32 bits.
	if err != nil || !known {
		return code
	}
	code.Details.RecoveryAction, code.Action, code.Severity = r.Name, r.Action, r.Severity
	return code
}

// nvlink takes what the row of the sub-code says over what the row of the code says.
func (t *Table) nvlink(code Code, text string) Code {
	if at := unit.FindStringIndex(text); at != nil {
		text = text[at[0]:]
	}
	match := nvlink5.FindStringSubmatch(text)
	if match == nil {
		return code
	}
	details := Details{Unit: match[1], Link: match[3], InterruptInfo: match[4], ErrorStatus: match[5]}
	fatal := match[2] != ""
	for _, sub := range t.subCodes[code.Number] {
		if sub.matches(details, fatal) {
			mnemonic := code.Mnemonic
			code = sub.Code
			code.Mnemonic = mnemonic
			break
		}
	}
	if fatal {
		code.Severity = max(code.Severity, Error)
	}
	code.Details = details
	return code
}

// matches says whether the row is for a message. Drivers before R575 and later ones have different bits for an error that became fatal, and
// both say "Fatal".
func (s subCode) matches(d Details, fatal bool) bool {
	if s.unit != d.Unit || s.promoted && !fatal {
		return false
	}
	return holds(s.statuses, d.ErrorStatus, func(word uint64) uint64 { return word }) &&
		holds(s.reasons, d.InterruptInfo, func(word uint64) uint64 { return word >> 20 & 0x3f })
}

// holds says whether the field of the logged word is one of wanted; without wanted ones, any is.
func holds(wanted []uint64, logged string, field func(uint64) uint64) bool {
	if len(wanted) == 0 {
		return true
	}
	word, err := strconv.ParseUint(logged, 0, 32)
	return err == nil && slices.Contains(wanted, field(word))
}
