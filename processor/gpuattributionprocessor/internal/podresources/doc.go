// SPDX-License-Identifier: Apache-2.0

// Package podresources asks the kubelet of this node which containers hold which GPUs, over the sockets of its
// pod-resources and pods APIs.
package podresources
