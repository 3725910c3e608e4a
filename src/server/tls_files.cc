#include "server/tls_files.h"

#include "sys/files.h"
#include "sys/log.h"
#include "sys/machine.h"

namespace helios::server {

Result<std::unique_ptr<sys::TlsContext>> OpenTls(const ServerConfig& config) {
  if (config.tls == TlsSetting::kOff) return std::unique_ptr<sys::TlsContext>();
  sys::TlsContext::Options options{.certificate_file = config.tls_cert_file,
                                   .key_file = config.tls_key_file,
                                   .alpn_protocols = {"postgresql"}};
  if (options.certificate_file.empty()) {
    options.certificate_file = config.data_dir + "/server.crt";
    options.key_file = config.data_dir + "/server.key";
    // The key is written last: with it there, both are.
    if (!sys::PathExists(options.key_file)) {
      HELIOS_TRY(const auto pair, sys::MakeSelfSignedCertificate(sys::HostName()));
      HELIOS_TRY(sys::WriteFileAtomically(options.certificate_file, pair.certificate_pem));
      HELIOS_TRY(sys::WriteFileAtomically(options.key_file, pair.key_pem));
      sys::Log(sys::LogLevel::kInfo, "made a self-signed certificate",
               {{"certificate", options.certificate_file}});
    }
  }
  HELIOS_TRY(sys::CheckFileIsPrivate(options.key_file));
  return sys::TlsContext::Create(options);
}

}  // namespace helios::server
