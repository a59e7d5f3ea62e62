// SPDX-License-Identifier: Apache-2.0

package xid

import "strconv"

// Kind distinguishes the codes of GPUs from those of NVSwitches.
type Kind string

// The kinds.
const (
	XID  Kind = "xid"
	SXID Kind = "sxid"
)

// Severity has the values of OpenTelemetry's severity numbers.
type Severity int32

// The severities, least first.
const (
	Info  Severity = 9
	Warn  Severity = 13
	Error Severity = 17
	Fatal Severity = 21
)

var severities = map[string]Severity{"info": Info, "warn": Warn, "error": Error, "fatal": Fatal}

// String returns the name that configurations use.
func (s Severity) String() string {
	for name, severity := range severities {
		if severity == s {
			return name
		}
	}
	return ""
}

// Code is what is known about one XID or SXID. What is not known is empty.
type Code struct {
	Kind     Kind
	Number   int
	Mnemonic string
	Meaning  string

	// Action is what to do now, and InvestigatoryAction what to do when it comes again, by the names of NVIDIA's catalogue.
	Action              string
	InvestigatoryAction string

	Severity Severity

	// Frozen says that DCGM's host engine calls the driver no longer after this code: its values stand still until it is restarted.
	Frozen bool

	// Source is where the row's facts are from, "configuration" for a code that a user added, and "" for one that is not known.
	Source string

	// Details is what the message says beside the code.
	Details Details
}

// Known says whether the table has the code.
func (c Code) Known() bool { return c.Source != "" }

// Details is what the text of a kernel message says about its XID. What it does not say is empty.
type Details struct {
	// Unit, Link, InterruptInfo and ErrorStatus are of NVLink 5 (XIDs 144 to 150). The words are as they were logged.
	Unit          string
	Link          string
	InterruptInfo string
	ErrorStatus   string

	// RecoveryAction is what the driver asks for (XID 154), by the names of NVML.
	RecoveryAction string
}

// attributes are the names of a code's attributes.
type attributes struct {
	code, mnemonic, meaning, action, investigatoryAction, unit, interruptInfo, errorStatus string
}

func attributesOf(kind Kind) attributes {
	prefix := "gpu." + string(kind) + "."
	return attributes{
		code: prefix + "code", mnemonic: prefix + "mnemonic", meaning: prefix + "meaning",
		action: prefix + "action", investigatoryAction: prefix + "investigatory_action",
		unit: prefix + "unit", interruptInfo: prefix + "interrupt_info", errorStatus: prefix + "error_status",
	}
}

var attributesOfKind = map[Kind]attributes{XID: attributesOf(XID), SXID: attributesOf(SXID)}

// Attributes calls putText and putNumber with each attribute of a log record about the code, but for those that are not known.
func (c Code) Attributes(putText func(key, value string), putNumber func(key string, value int64)) {
	names := attributesOfKind[c.Kind]
	putNumber(names.code, int64(c.Number))
	for _, attribute := range [...]struct{ key, value string }{
		{names.mnemonic, c.Mnemonic},
		{names.meaning, c.Meaning},
		{names.action, c.Action},
		{names.investigatoryAction, c.InvestigatoryAction},
		{names.unit, c.Details.Unit},
		{names.interruptInfo, c.Details.InterruptInfo},
		{names.errorStatus, c.Details.ErrorStatus},
		{"gpu.recovery.action", c.Details.RecoveryAction},
	} {
		if attribute.value != "" {
			putText(attribute.key, attribute.value)
		}
	}
	if link, err := strconv.ParseInt(c.Details.Link, 10, 32); err == nil {
		putNumber("gpu.nvlink.link", link)
	}
}
