// SPDX-License-Identifier: Apache-2.0

package catalog

import "github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/dcgm"

// converter turns a sample into the unit of a metric. It reports false where the sample
// stands for no value. Whether the value can be, its metric's range says; i may be wrong where
// f is beyond all ranges.
type converter func(dcgm.Sample) (Number, bool)

func integer(i int64) (Number, bool) { return Number{I: i, F: float64(i)}, true }

func float(f float64) (Number, bool) { return Number{I: int64(f), F: f}, true }

func boolean(b bool) (Number, bool) {
	if b {
		return integer(1)
	}
	return integer(0)
}

func asIs(s dcgm.Sample) (Number, bool) { return Number{I: s.Int(), F: s.Float()}, true }

// mib is for memory: DCGM's documents say MB, and its code divides bytes by 1048576.
func mib(s dcgm.Sample) (Number, bool) {
	return Number{I: s.Int() << 20, F: s.Float() * (1 << 20)}, true
}

// kilobinary is for NVLink: DCGM calls a thousand KiB/s one MB/s.
func kilobinary(s dcgm.Sample) (Number, bool) { return float(s.Float() * 1000 * 1024) }

func megahertz(s dcgm.Sample) (Number, bool) {
	return Number{I: s.Int() * 1e6, F: s.Float() * 1e6}, true
}

// What follows divides: 1/100 and 1/1000 are no binary fractions, and to multiply by them rounds twice.

func percent(s dcgm.Sample) (Number, bool) { return float(s.Float() / 100) }

func milli(s dcgm.Sample) (Number, bool) { return float(s.Float() / 1000) }

func nanoseconds(s dcgm.Sample) (Number, bool) { return float(s.Float() / 1e9) }

// ratio is for profiling, whose two counters are not read at the same instant: busy
// multiprocessors show more than 1 at times.
func ratio(s dcgm.Sample) (Number, bool) { return atMostOne(s.Float()) }

// percentBusy is a ratio in percent.
func percentBusy(s dcgm.Sample) (Number, bool) { return atMostOne(s.Float() / 100) }

// atMostOne leaves what is far beyond 1 to be found implausible.
func atMostOne(f float64) (Number, bool) {
	const most = 2
	if f > most {
		return float(f)
	}
	return float(min(f, 1))
}

// truth is 1 for what is true and 0 for what is not.
func truth(s dcgm.Sample) (Number, bool) {
	n, _ := boolean(s.Int() == 1)
	switch {
	case s.Int() < 0:
		return n, false
	case s.Int() > 1:
		return impossible()
	default:
		return n, true
	}
}

// some is 1 where a number is not 0.
func some(s dcgm.Sample) (Number, bool) {
	if s.Int() < 0 || s.Int() > mostRepair {
		return impossible()
	}
	return boolean(s.Int() > 0)
}

// mayBeMask reports whether a value may be a mask of so many bits.
func mayBeMask(value int64, bits uint) bool { return value >= 0 && value>>bits == 0 }

// bit is 1 while a bit of the clock event reasons is set.
func bit(n uint) converter {
	return func(s dcgm.Sample) (Number, bool) {
		if !IsClocksEventMask(s.Int()) {
			return impossible()
		}
		return boolean(s.Int()>>n&1 == 1)
	}
}

// is is 1 while the value is v, and gives none outside first to last. A later version may know
// more states; -1 is none at all.
func is(v, first, last int64) converter {
	const most = 255
	return func(s dcgm.Sample) (Number, bool) {
		if s.Int() < -1 || s.Int() > most {
			return impossible()
		}
		n, _ := boolean(s.Int() == v)
		return n, s.Int() >= first && s.Int() <= last
	}
}

// Bits that masks may have: twice those that NVML defines, so that it may define more.
const (
	clocksEventBits  = 16
	fabricHealthBits = 24
)

// maskPart are a few bits of a mask.
type maskPart struct{ shift, width uint }

func (b maskPart) of(s dcgm.Sample) int64 { return s.Int() >> b.shift & (1<<b.width - 1) }

// isTrue is for parts of the fabric health mask that are 1 for true and 2 for false. 0 is
// not supported (NVML_GPU_FABRIC_HEALTH_MASK_*, nvml.h).
func (b maskPart) isTrue(s dcgm.Sample) (Number, bool) {
	if !mayBeMask(s.Int(), fabricHealthBits) {
		return impossible()
	}
	n, _ := boolean(b.of(s) == 1)
	return n, b.of(s) == 1 || b.of(s) == 2
}

// isNotNone is for the part that names a misconfiguration: 0 is not supported and 1 is none.
func (b maskPart) isNotNone(s dcgm.Sample) (Number, bool) {
	if !mayBeMask(s.Int(), fabricHealthBits) {
		return impossible()
	}
	n, _ := boolean(b.of(s) > 1)
	return n, b.of(s) > 0
}
