// SPDX-License-Identifier: Apache-2.0

//go:build linux && cgo

package dcgm

import (
	"fmt"
	"os"
	"testing"

	"go.uber.org/goleak"

	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/simtest"
)

func TestMain(m *testing.M) {
	code := simtest.Main(m)
	if err := goleak.Find(); err != nil && code == 0 {
		fmt.Fprintln(os.Stderr, "goroutines are left:", err)
		code = 1
	}
	os.Exit(code)
}
