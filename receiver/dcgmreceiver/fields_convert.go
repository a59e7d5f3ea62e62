// SPDX-License-Identifier: Apache-2.0

package dcgmreceiver

import "github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/dcgm"

// converter turns a sample into the unit of a metric. It reports false where the sample
// stands for no value.
type converter func(dcgm.Sample) (number, bool)

func integer(i int64) (number, bool) { return number{i: i, f: float64(i)}, true }

func float(f float64) (number, bool) { return number{i: int64(f), f: f}, true }

func boolean(b bool) (number, bool) {
	if b {
		return integer(1)
	}
	return integer(0)
}

func asIs(s dcgm.Sample) (number, bool) { return number{i: s.Int(), f: s.Float()}, true }

// mib is for memory: DCGM's documents say MB, and its code divides bytes by 1048576.
func mib(s dcgm.Sample) (number, bool) { return integer(s.Int() << 20) }

// kilobinary is for NVLink: DCGM calls a thousand KiB/s one MB/s.
func kilobinary(s dcgm.Sample) (number, bool) { return float(s.Float() * 1000 * 1024) }

func megahertz(s dcgm.Sample) (number, bool) { return integer(s.Int() * 1e6) }

// What follows divides: 1/100 and 1/1000 are no binary fractions, and to multiply by them rounds twice.

func percent(s dcgm.Sample) (number, bool) { return float(s.Float() / 100) }

func milli(s dcgm.Sample) (number, bool) { return float(s.Float() / 1000) }

func nanoseconds(s dcgm.Sample) (number, bool) { return float(s.Float() / 1e9) }

// ratio is for profiling, whose two counters are not read at the same instant: busy
// multiprocessors show more than 1 at times.
func ratio(s dcgm.Sample) (number, bool) { return float(min(s.Float(), 1)) }

// truth is 1 for what is true and 0 for what is not.
func truth(s dcgm.Sample) (number, bool) {
	n, _ := boolean(s.Int() != 0)
	return n, s.Int() >= 0
}

// bit is 1 while a bit of a mask is set.
func bit(n uint) converter {
	return func(s dcgm.Sample) (number, bool) { return boolean(s.Int()>>n&1 == 1) }
}

// is is 1 while the value is v, and gives none outside first to last.
func is(v, first, last int64) converter {
	return func(s dcgm.Sample) (number, bool) {
		n, _ := boolean(s.Int() == v)
		return n, s.Int() >= first && s.Int() <= last
	}
}

// maskPart are a few bits of a mask.
type maskPart struct{ shift, width uint }

func (b maskPart) of(s dcgm.Sample) int64 { return s.Int() >> b.shift & (1<<b.width - 1) }

// isTrue is for parts of the fabric health mask that are 1 for true and 2 for false. 0 is
// not supported (NVML_GPU_FABRIC_HEALTH_MASK_*, nvml.h).
func (b maskPart) isTrue(s dcgm.Sample) (number, bool) {
	n, _ := boolean(b.of(s) == 1)
	return n, b.of(s) == 1 || b.of(s) == 2
}

// isNotNone is for the part that names a misconfiguration: 0 is not supported and 1 is none.
func (b maskPart) isNotNone(s dcgm.Sample) (number, bool) {
	n, _ := boolean(b.of(s) > 1)
	return n, b.of(s) > 0
}
