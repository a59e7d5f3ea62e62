// SPDX-License-Identifier: Apache-2.0

package xid

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// Override changes what is known about one code. What is not set stays.
type Override struct {
	// Meaning is a short description. It is required for a code that the table does not have, which is thereby added.
	Meaning string `mapstructure:"meaning"`

	// Action and InvestigatoryAction are names of NVIDIA's catalogue.
	Action              string `mapstructure:"action"`
	InvestigatoryAction string `mapstructure:"investigatory_action"`

	// Severity is info, warn, error or fatal.
	Severity string `mapstructure:"severity"`

	// Frozen says that the host engine calls the driver no longer after the code.
	Frozen *bool `mapstructure:"frozen"`

	// prevent unkeyed literal initialization
	_ struct{}
}

// actions are the names that NVIDIA's catalogue gives to what can be done, those that XID 154 asks for, and RESET_FABRIC and CHECK_COOLING
// for what the Fabric Manager's guide says in a sentence: to reset all GPUs and NVSwitches of a node together, and to look after cooling.
var actions = []string{
	"CHECK_APP_CUDA", "CHECK_COOLING", "CHECK_MECHANICALS", "CHECK_NVLINK_FAILURE_FLOW", "CHECK_UVM", "CONTACT_SUPPORT", "DRAIN_AND_RESET",
	"DRAIN_P2P", "IGNORE", "IGNORE_SYMPATHETIC", "INVESTIGATE_HOST", "INVESTIGATE_LINK_SI", "INVESTIGATE_LINK_SI_AND_CABLES",
	"INVESTIGATE_PEER_DEVICE", "INVESTIGATE_SW", "INVESTIGATE_SW_USER", "INVESTIGATE_SW_USER_LINK_SI", "REPORT_ISSUE", "RESET_FABRIC",
	"RESET_GPU", "RESTART_APP", "RESTART_BM", "RESTART_FM", "RESTART_VM", "RUN_DCGMEUD", "RUN_FIELDDIAG", "SYMPATHETIC_REPORT_SOLO",
	"UPDATE_SWFW", "WORKFLOW_NVLINK5_ERR", "WORKFLOW_NVLINK_ERR", "WORKFLOW_XID_13", "WORKFLOW_XID_31", "WORKFLOW_XID_45",
	"WORKFLOW_XID_48", "XID_137_FLOW", "XID_154", "XID_154_EVAL",
}

// Actions returns the names that an [Override] may use, sorted.
func Actions() []string { return slices.Clone(actions) }

const fromUser = "configuration"

// maxNumber is above every code: SXIDs have five digits.
const maxNumber = 99_999

// New returns the shipped table with a user's changes, which are by code. An error names the code, the key and the rule.
func New(xids, sxids map[string]Override) (*Table, error) {
	table := Default()
	changed := &Table{codes: table.codes, subCodes: table.subCodes, overrides: map[key]Override{}}
	return changed, errors.Join(changed.override(XID, xids), changed.override(SXID, sxids))
}

func (t *Table) override(kind Kind, overrides map[string]Override) error {
	var errs []error
	for _, name := range slices.Sorted(maps.Keys(overrides)) {
		if err := t.overrideOne(kind, name, overrides[name]); err != nil {
			errs = append(errs, fmt.Errorf("%q: %w", name, err))
		}
	}
	return errors.Join(errs...)
}

func (t *Table) overrideOne(kind Kind, name string, o Override) error {
	number, err := strconv.Atoi(name)
	if err != nil || number < 1 || number > maxNumber || name != strconv.Itoa(number) {
		return fmt.Errorf("must be the number of an %s, from 1 to %d, without a sign or leading zeros", strings.ToUpper(string(kind)), maxNumber)
	}
	if !t.code(kind, number).Known() && o.Meaning == "" {
		return fmt.Errorf(`"meaning": must be given for an %s that is not known`, strings.ToUpper(string(kind)))
	}
	t.overrides[key{kind, number}] = o
	return errors.Join(checkAction("action", o.Action), checkAction("investigatory_action", o.InvestigatoryAction), checkSeverity(o.Severity))
}

func checkAction(key, action string) error {
	if action == "" || slices.Contains(actions, action) {
		return nil
	}
	return fmt.Errorf("%q: must be one of %s, got %q", key, strings.Join(actions, ", "), action)
}

func checkSeverity(severity string) error {
	if _, ok := severities[severity]; ok || severity == "" {
		return nil
	}
	return fmt.Errorf(`"severity": must be info, warn, error or fatal, got %q`, severity)
}

func (t *Table) overridden(code Code) Code {
	o, ok := t.overrides[key{code.Kind, code.Number}]
	if !ok {
		return code
	}
	code.Meaning = cmp.Or(o.Meaning, code.Meaning)
	code.Action = cmp.Or(o.Action, code.Action)
	code.InvestigatoryAction = cmp.Or(o.InvestigatoryAction, code.InvestigatoryAction)
	code.Severity = cmp.Or(severities[o.Severity], code.Severity)
	code.Source = cmp.Or(code.Source, fromUser)
	if o.Frozen != nil {
		code.Frozen = *o.Frozen
	}
	return code
}
