// SPDX-License-Identifier: Apache-2.0

package xid

import (
	_ "embed"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
)

//go:embed codes.tsv
var codesTSV string

type key struct {
	kind   Kind
	number int
}

// Table has the codes. It is safe for concurrent use.
type Table struct {
	codes     map[key]Code
	subCodes  map[int][]subCode // of XIDs 144 to 150, those for promoted errors first
	overrides map[key]Override
}

// subCode is a row for some messages of an NVLink 5 XID.
type subCode struct {
	Code
	unit     string
	statuses []uint64 // any of them, or all when there are none
	reasons  []uint64
	promoted bool // the message says that the error became fatal
}

var shipped = sync.OnceValues(func() (*Table, error) { return parse(codesTSV) })

// Default returns the table as it is shipped.
func Default() *Table {
	table, err := shipped()
	if err != nil {
		panic(err) // A test reads the embedded file.
	}
	return table
}

// XID returns what is known about an XID. One that is not known is a warning.
func (t *Table) XID(number int) Code { return t.overridden(t.code(XID, number)) }

// SXID returns what is known about an SXID. The driver says which are fatal, and knows better than the table: these are errors at least.
func (t *Table) SXID(number int, fatal bool) Code {
	code := t.code(SXID, number)
	if fatal {
		code.Severity = max(code.Severity, Error)
	}
	return t.overridden(code)
}

// Codes returns the codes of a kind, in the order of their numbers.
func (t *Table) Codes(kind Kind) []Code {
	var codes []Code
	for key, code := range t.codes {
		if key.kind == kind {
			codes = append(codes, t.overridden(code))
		}
	}
	slices.SortFunc(codes, func(a, b Code) int { return a.Number - b.Number })
	return codes
}

func (t *Table) code(kind Kind, number int) Code {
	if code, ok := t.codes[key{kind, number}]; ok {
		return code
	}
	return Code{Kind: kind, Number: number, Severity: Warn}
}

// columns are those of codes.tsv, in order; "-" is an empty cell.
var columns = []string{"kind", "code", "unit", "match", "mnemonic", "action", "investigatory", "severity", "frozen", "source", "meaning"}

func parse(tsv string) (*Table, error) {
	t := &Table{codes: map[key]Code{}, subCodes: map[int][]subCode{}}
	headed := false
	for i, line := range strings.Split(strings.TrimSuffix(tsv, "\n"), "\n") {
		if strings.HasPrefix(line, "#") {
			continue
		}
		if !headed {
			if line != strings.Join(columns, "\t") {
				return nil, fmt.Errorf("line %d: columns are %q, not %q", i+1, line, columns)
			}
			headed = true
			continue
		}
		if err := t.add(strings.Split(line, "\t")); err != nil {
			return nil, fmt.Errorf("line %d: %w", i+1, err)
		}
	}
	return t, nil
}

func (t *Table) add(cells []string) error {
	if len(cells) != len(columns) {
		return fmt.Errorf("has %d cells, not %d", len(cells), len(columns))
	}
	cell := map[string]string{}
	for i, column := range columns {
		if cells[i] != "-" {
			cell[column] = cells[i]
		}
	}
	code, err := codeOf(cell)
	if err != nil {
		return err
	}
	if cell["unit"] != "" {
		return t.addSubCode(code, cell["unit"], cell["match"])
	}
	k := key{code.Kind, code.Number}
	if _, twice := t.codes[k]; twice {
		return fmt.Errorf("%s %d is there twice", k.kind, k.number)
	}
	t.codes[k] = code
	return nil
}

func codeOf(cell map[string]string) (Code, error) {
	number, err := strconv.Atoi(cell["code"])
	if err != nil {
		return Code{}, fmt.Errorf("code: %w", err)
	}
	severity, ok := severities[cell["severity"]]
	if !ok {
		return Code{}, fmt.Errorf("severity %q is none", cell["severity"])
	}
	for _, action := range []string{cell["action"], cell["investigatory"]} {
		if action != "" && !slices.Contains(actions, action) {
			return Code{}, fmt.Errorf("action %q is none", action)
		}
	}
	return Code{
		Kind: Kind(cell["kind"]), Number: number, Mnemonic: cell["mnemonic"], Meaning: cell["meaning"],
		Action: cell["action"], InvestigatoryAction: cell["investigatory"],
		Severity: severity, Frozen: cell["frozen"] == "yes", Source: cell["source"],
	}, nil
}

// addSubCode adds a row whose match is empty, "reason=1,2", "status=1,2" or "status=1,2 promoted".
func (t *Table) addSubCode(code Code, unit, match string) error {
	sub := subCode{Code: code, unit: unit}
	for condition := range strings.FieldsSeq(match) {
		name, list, _ := strings.Cut(condition, "=")
		var into *[]uint64
		base := 10
		switch name {
		case "promoted":
			sub.promoted = true
			continue
		case "status":
			into, base = &sub.statuses, 16
		case "reason":
			into = &sub.reasons
		default:
			return fmt.Errorf("match %q is none", match)
		}
		for number := range strings.SplitSeq(list, ",") {
			n, err := strconv.ParseUint(number, base, 32)
			if err != nil {
				return fmt.Errorf("match: %w", err)
			}
			*into = append(*into, n)
		}
	}
	t.subCodes[code.Number] = append(t.subCodes[code.Number], sub)
	return nil
}
