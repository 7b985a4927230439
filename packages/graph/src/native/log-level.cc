// Compiled into the addon beside tfjs-node's own unchanged sources.
//
// TensorFlow 2.17 and later log some notices ("oneDNN custom operations are on ...") through absl while the
// library's static objects are built, and absl reads no environment variable. This constructor runs before them
// (the addon is linked with -z initfirst), makes TF_CPP_MIN_LOG_LEVEL hold for absl's messages too, and sets it to
// 2 (errors only) unless the person has set it. In C++ it holds in worker threads as well, where process.env is a
// copy that getenv() never sees.
#include <cstdlib>

#include "absl/base/log_severity.h"
#include "absl/log/globals.h"

namespace {

__attribute__((constructor)) void LimitLog() {
  setenv("TF_CPP_MIN_LOG_LEVEL", "2", /*overwrite=*/0);
  absl::SetMinLogLevel(static_cast<absl::LogSeverityAtLeast>(std::atoi(std::getenv("TF_CPP_MIN_LOG_LEVEL"))));
}

}  // namespace
