// SPDX-License-Identifier: Apache-2.0

package dcgmrecording

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Fields of DCGM whose values identify hardware or who uses it, beside texts that are UUIDs or PCI addresses.
var (
	identifying = map[int]bool{
		53: true, 520: true, 521: true, 571: true, 572: true, // serial numbers, virtual machines, the InfiniBand GUID
		866: true, 867: true, 868: true, 869: true, 872: true, 873: true, 874: true, 875: true, 878: true, // PCI addresses and UUIDs of NVSwitches, in parts
	}
	hexSerial = regexp.MustCompile(`^0x[0-9a-fA-F]{8,}$`) // as CPUs report serial numbers
	uuid      = regexp.MustCompile(`[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}`)
	pci       = regexp.MustCompile(`\b([0-9a-fA-F]{4}|[0-9a-fA-F]{8}):[0-9a-fA-F]{2}:[0-9a-fA-F]{2}\.[0-7]\b`)
	mac       = regexp.MustCompile(`\b([0-9a-fA-F]{2}:){5}[0-9a-fA-F]{2}\b`)
	address   = regexp.MustCompile(`[0-9a-fA-F.:]*[0-9a-fA-F][.:][0-9a-fA-F.:]*[0-9a-fA-F]`)
	host      = regexp.MustCompile(`(\b(?:tcp|vsock|unix)://)[^\s"':,;]+`)
)

// firstBlank is the first of DCGM's integers that mean that there is no value.
const firstBlank = 0x7ffffff0

// maxNames bounds what a Redactor remembers.
const maxNames = 1 << 16

// Redactor replaces what identifies hardware with pseudonyms: what is equal stays equal within a recording, and has its form. It is
// not safe for concurrent use.
type Redactor struct {
	numbers map[string]int // of what was seen, by its kind and text
}

// NewRedactor returns a Redactor that has seen nothing.
func NewRedactor() *Redactor { return &Redactor{numbers: map[string]int{}} }

// Copy copies a recording line by line. What is no line of a recording, as a last one that is cut off, is left out.
func (r *Redactor) Copy(to io.Writer, from io.Reader) error {
	lines := bufio.NewReader(from)
	for {
		line, err := lines.ReadBytes('\n')
		if redacted := r.Line(line); redacted != nil {
			if _, writeErr := to.Write(append(redacted, '\n')); writeErr != nil {
				return writeErr
			}
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// Line returns a line, which ends without a newline, in its redacted form; nil if it is no JSON object.
func (r *Redactor) Line(line []byte) []byte {
	var object map[string]any
	decoder := json.NewDecoder(bytes.NewReader(line))
	decoder.UseNumber()
	if err := decoder.Decode(&object); err != nil || object == nil {
		return nil
	}
	number, isNumber := object["field"].(json.Number)
	field, err := strconv.Atoi(number.String())
	value, isText := object["value"].(string)
	if isNumber && err == nil && isText && identifying[field] {
		object["value"] = r.identity(object["type"], field, value)
	}
	redacted, err := json.Marshal(r.tree(object, ""))
	if err != nil {
		return nil
	}
	return redacted
}

// tree redacts the texts in what JSON can hold. key is where a text stands.
func (r *Redactor) tree(node any, key string) any {
	switch node := node.(type) {
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(node)) { // In order, so that the same recording gets the same pseudonyms.
			node[name] = r.tree(node[name], name)
		}
	case []any:
		for i, child := range node {
			node[i] = r.tree(child, key)
		}
	case string:
		return r.text(node, key)
	}
	return node
}

// text replaces what has the form of an identity. Versions of software look like network addresses, which stand in errors alone.
func (r *Redactor) text(text, key string) string {
	text = uuid.ReplaceAllStringFunc(text, r.uuid)
	text = pci.ReplaceAllStringFunc(text, r.pci)
	if key == "value" && hexSerial.MatchString(text) || key == "serial" && text != "" {
		return r.serial(text)
	}
	if key != "error" && key != "message" {
		return text
	}
	text = host.ReplaceAllStringFunc(text, func(found string) string {
		scheme, rest, _ := strings.Cut(found, "://")
		return fmt.Sprintf("%s://host-%d", scheme, r.number("host", rest))
	})
	text = mac.ReplaceAllStringFunc(text, func(found string) string {
		return fmt.Sprintf("02:00:00:00:%02x:%02x", r.number("mac", found)>>8&0xff, r.number("mac", found)&0xff)
	})
	return address.ReplaceAllStringFunc(text, r.address)
}

// identity replaces a value that identifies as a whole, unless it says that there is none.
func (r *Redactor) identity(kind any, field int, value string) string {
	if kind == "string" {
		if value == "" || strings.HasPrefix(value, "<<<") {
			return value
		}
		return r.serial(value)
	}
	if n, err := strconv.ParseInt(value, 10, 64); err != nil || n >= firstBlank && n < firstBlank+16 || n >= 1<<63-16 {
		return value
	}
	return strconv.Itoa(r.number("field "+strconv.Itoa(field), value))
}

// number distinguishes what was seen of a kind, from 1 on.
func (r *Redactor) number(kind, text string) int {
	key := kind + "\x00" + strings.ToLower(text)
	if n, known := r.numbers[key]; known || len(r.numbers) >= maxNames {
		return n
	}
	counter := kind + "\x00\x00count"
	r.numbers[counter]++
	r.numbers[key] = r.numbers[counter]
	return r.numbers[key]
}

func (r *Redactor) uuid(found string) string {
	if strings.Trim(found, "0-") == "" { // It says that there is none.
		return found
	}
	return fmt.Sprintf("00000000-0000-4000-8000-%012x", r.number("uuid", found))
}

// pci keeps the length of the domain. A short one is the same address as a long one.
func (r *Redactor) pci(found string) string {
	domain, rest, _ := strings.Cut(found, ":")
	n := r.number("pci", strings.TrimLeft(domain, "0")+":"+rest)
	return fmt.Sprintf("%0*x:%02x:00.0", len(domain), n>>8, n&0xff)
}

// serial keeps the length, as far as it has room for the number.
func (r *Redactor) serial(found string) string {
	prefix := ""
	if strings.HasPrefix(found, "0x") {
		prefix = "0x"
	}
	return prefix + fmt.Sprintf("%0*d", len(found)-len(prefix), r.number("serial", found))
}

func (r *Redactor) address(found string) string {
	ip, err := netip.ParseAddr(found)
	if err != nil {
		return r.hostPort(found)
	}
	n := r.number("address", found)
	if ip.Is4() {
		return fmt.Sprintf("192.0.2.%d", n&0xff)
	}
	return fmt.Sprintf("2001:db8::%x", n)
}

func (r *Redactor) hostPort(found string) string {
	ip, err := netip.ParseAddrPort(found)
	if err != nil {
		return found
	}
	return fmt.Sprintf("%s:%d", r.address(ip.Addr().String()), ip.Port())
}
