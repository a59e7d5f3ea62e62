// SPDX-License-Identifier: Apache-2.0

package ledger

import "math"

// Number is the type of a sum's values.
type Number interface{ int64 | float64 }

// Sample is a value of the device's own sum. Times are Unix nanoseconds.
type Sample[N Number] struct {
	Start, At int64
	Value     N
}

// Owner has a part of what is counted. Nobody is an owner as well: the zero key.
type Owner[K comparable] struct {
	Key    K
	Weight int // at least 1
}

// Change is the time from which on other owners have the device.
type Change[K comparable] struct {
	At     int64
	Owners []Owner[K]
}

// Point is a value of the series of one owner. A last point closes the series of an owner that has left.
type Point[K comparable, N Number] struct {
	Key       K
	Start, At int64
	Value     N
	Last      bool
}

// Series is one cumulative sum of a device. The zero value has no sample yet.
type Series[K comparable, N Number] struct {
	begun    bool
	last     Sample[N]
	base     N // value of the device's sum where the present owners began
	owners   []Owner[K]
	accounts []account[N] // of the present owners, in their order
}

// account is what an owner has had of the sum: until the present owners began, and of what came since.
type account[N Number] struct {
	start     int64
	had, part N
	reported  int64 // time of the newest point
}

func begun[N Number](at int64) account[N] { return account[N]{start: at, reported: at} }

// Seen reports whether the series has a sample.
func (s *Series[K, N]) Seen() bool { return s.begun }

// LastAt returns the time of the last sample.
func (s *Series[K, N]) LastAt() int64 { return s.last.At }

// Begin takes the first sample. Nobody's series is the device's own; other owners are charged for nothing before it.
func (s *Series[K, N]) Begin(out []Point[K, N], sample Sample[N], owners []Owner[K]) []Point[K, N] {
	s.begun, s.last, s.owners = true, sample, owners
	s.accounts = make([]account[N], len(owners))
	start := sample.At
	s.base = sample.Value
	var nobody K
	if len(owners) == 1 && owners[0].Key == nobody {
		start, s.base = sample.Start, 0
	}
	for i := range s.accounts {
		s.accounts[i] = begun[N](start)
	}
	return s.points(out)
}

// Count takes the first sample of a sum that is known to have been 0 at a time before it.
func (s *Series[K, N]) Count(out []Point[K, N], zero int64, sample Sample[N], owners []Owner[K], changes []Change[K]) []Point[K, N] {
	s.begun, s.owners = true, owners
	s.accounts = make([]account[N], len(owners))
	for i := range s.accounts {
		s.accounts[i] = begun[N](zero)
	}
	s.last = Sample[N]{Start: sample.Start, At: zero}
	return s.Add(out, sample, changes)
}

// Add takes a later sample and the changes since the last one, in order. It returns a last point for each owner
// that has left, and a point for each present one. A sample that is no newer gives the points of the last one again.
func (s *Series[K, N]) Add(out []Point[K, N], sample Sample[N], changes []Change[K]) []Point[K, N] {
	if sample.At <= s.last.At {
		return s.points(out)
	}
	if sample.Start > s.last.Start || sample.Value < s.last.Value {
		out = s.restart(out, sample, changes)
	}
	for _, change := range changes {
		change.At = min(max(change.At, s.last.At), sample.At)
		out = s.change(out, change, s.interpolate(sample, change.At))
	}
	s.last = sample
	return s.points(out)
}

// restart follows a sum that has restarted, at its start if that is known, else at its last sample: all series restart as well.
// Who has left before that gets a last point with what was known.
func (s *Series[K, N]) restart(out []Point[K, N], sample Sample[N], changes []Change[K]) []Point[K, N] {
	start := s.last.At
	if sample.Start > start && sample.Start < sample.At {
		start = sample.Start
	}
	for _, change := range changes {
		if change.At <= start {
			out = s.leave(out, change)
			s.owners, s.accounts = change.Owners, make([]account[N], len(change.Owners))
		}
	}
	for i := range s.accounts {
		s.accounts[i] = begun[N](start)
	}
	s.base, s.last = 0, Sample[N]{Start: sample.Start, At: start}
	return out
}

func (s *Series[K, N]) leave(out []Point[K, N], change Change[K]) []Point[K, N] {
	for j, owner := range s.owners {
		a := s.accounts[j]
		if a.start > 0 && change.At > a.reported && find(change.Owners, owner.Key) < 0 {
			out = append(out, Point[K, N]{Key: owner.Key, Start: a.start, At: change.At, Value: a.had + a.part, Last: true})
		}
	}
	return out
}

// interpolate returns the value at a time between the last sample and this one. Whole numbers are rounded to the nearer.
func (s *Series[K, N]) interpolate(sample Sample[N], at int64) N {
	if at >= sample.At {
		return sample.Value
	}
	share := float64(at-s.last.At) / float64(sample.At-s.last.At)
	gained := float64(sample.Value-s.last.Value) * share
	if whole[N]() {
		gained = math.Round(gained)
	}
	return min(s.last.Value+N(gained), sample.Value)
}

// change gives the device to other owners. Who was one before goes on with the same series.
func (s *Series[K, N]) change(out []Point[K, N], change Change[K], value N) []Point[K, N] {
	s.last.At, s.last.Value = change.At, value
	s.divide()
	before, accounts := s.owners, s.accounts
	s.owners, s.accounts, s.base = change.Owners, make([]account[N], len(change.Owners)), value
	for i, owner := range s.owners {
		s.accounts[i] = begun[N](change.At)
		if j := find(before, owner.Key); j >= 0 {
			s.accounts[i] = accounts[j]
			s.accounts[i].had += accounts[j].part
			s.accounts[i].part = 0
		}
	}
	for j, owner := range before {
		if change.At > accounts[j].reported && find(s.owners, owner.Key) < 0 {
			out = append(out, Point[K, N]{Key: owner.Key, Start: accounts[j].start, At: change.At, Value: accounts[j].had + accounts[j].part, Last: true})
		}
	}
	return out
}

func find[K comparable](owners []Owner[K], key K) int {
	for i, owner := range owners {
		if owner.Key == key {
			return i
		}
	}
	return -1
}

func (s *Series[K, N]) points(out []Point[K, N]) []Point[K, N] {
	s.divide()
	for i, owner := range s.owners {
		a := &s.accounts[i]
		a.reported = s.last.At
		out = append(out, Point[K, N]{Key: owner.Key, Start: a.start, At: s.last.At, Value: a.had + a.part})
	}
	return out
}

// divide gives each owner its part of what came since base, by weight. No part ever shrinks, and whole numbers
// are divided into whole parts that add up to all of it.
func (s *Series[K, N]) divide() {
	all := s.last.Value - s.base
	if len(s.owners) == 1 {
		s.accounts[0].part = all
		return
	}
	total, left := 0, all
	for i, owner := range s.owners {
		total += owner.Weight
		left -= s.accounts[i].part
	}
	due := float64(all) / float64(total)
	for i, owner := range s.owners {
		a := &s.accounts[i]
		more := min(left, max(0, N(due*float64(owner.Weight))-a.part))
		a.part += more
		left -= more
	}
	if whole[N]() {
		s.deal(left, due)
	}
}

// deal gives units that are left to those who lack the most of what they are due.
func (s *Series[K, N]) deal(left N, due float64) {
	lack := func(i int) float64 { return due*float64(s.owners[i].Weight) - float64(s.accounts[i].part) }
	for ; left > 0; left-- {
		most := 0
		for i := range s.owners {
			if lack(i) > lack(most) {
				most = i
			}
		}
		s.accounts[most].part++
	}
}

func whole[N Number]() bool { return N(1)/N(2) == 0 }
