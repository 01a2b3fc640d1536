#include "transport/tls_key_cost.hpp"

#include <openssl/x509.h>

#include <cstdint>
#include <limits>

#include "transport/tls_error.hpp"
#include "transport/tls_openssl.hpp"

namespace socketcore {
namespace {

// About two seconds each. Tools write 2048 to a million rounds, and 2^17 for scrypt.
constexpr std::uint64_t kMostRounds = 5'000'000;
constexpr std::uint64_t kMostScrypt = 1 << 21;  // N * r * p

using SigPtr = std::unique_ptr<X509_SIG, OpenSslFree<X509_SIG_free>>;
using Pbes1Ptr = std::unique_ptr<PBEPARAM, OpenSslFree<PBEPARAM_free>>;
using Pbes2Ptr = std::unique_ptr<PBE2PARAM, OpenSslFree<PBE2PARAM_free>>;
using RoundsPtr = std::unique_ptr<PBKDF2PARAM, OpenSslFree<PBKDF2PARAM_free>>;
using ScryptPtr = std::unique_ptr<SCRYPT_PARAMS, OpenSslFree<SCRYPT_PARAMS_free>>;

// The parameters of an algorithm, null where they are of another kind: then OpenSSL opens nothing either.
template <typename T>
T* parameters(const X509_ALGOR* algorithm, const ASN1_ITEM* kind) {
  const ASN1_OBJECT* name = nullptr;
  int type = V_ASN1_UNDEF;
  const void* value = nullptr;
  X509_ALGOR_get0(&name, &type, &value, algorithm);
  if (type != V_ASN1_SEQUENCE) return nullptr;
  return static_cast<T*>(ASN1_item_unpack(static_cast<const ASN1_STRING*>(value), kind));
}

int name_of(const X509_ALGOR* algorithm) {
  const ASN1_OBJECT* name = nullptr;
  X509_ALGOR_get0(&name, nullptr, nullptr, algorithm);
  return OBJ_obj2nid(name);
}

// What is negative or too large for 64 bits is refused by OpenSSL, or here.
std::uint64_t number_of(const ASN1_INTEGER* integer) {
  std::uint64_t number = 0;
  return ASN1_INTEGER_get_uint64(&number, integer) == 1 ? number : std::numeric_limits<std::uint64_t>::max();
}

bool scrypt_costs_too_much(const SCRYPT_PARAMS& scrypt) {
  std::uint64_t cost = 1;
  for (const ASN1_INTEGER* const factor : {scrypt.costParameter, scrypt.blockSize, scrypt.parallelizationParameter}) {
    const std::uint64_t number = number_of(factor);
    if (number > kMostScrypt / cost) return true;
    if (number > 0) cost *= number;
  }
  return false;
}

bool costs_too_much(const X509_ALGOR* algorithm) {
  if (name_of(algorithm) != NID_pbes2) {
    const Pbes1Ptr old(parameters<PBEPARAM>(algorithm, ASN1_ITEM_rptr(PBEPARAM)));
    return old && number_of(old->iter) > kMostRounds;
  }
  const Pbes2Ptr scheme(parameters<PBE2PARAM>(algorithm, ASN1_ITEM_rptr(PBE2PARAM)));
  if (!scheme) return false;
  if (name_of(scheme->keyfunc) == NID_id_pbkdf2) {
    const RoundsPtr rounds(parameters<PBKDF2PARAM>(scheme->keyfunc, ASN1_ITEM_rptr(PBKDF2PARAM)));
    return rounds && number_of(rounds->iter) > kMostRounds;
  }
  const ScryptPtr scrypt(parameters<SCRYPT_PARAMS>(scheme->keyfunc, ASN1_ITEM_rptr(SCRYPT_PARAMS)));
  return scrypt && scrypt_costs_too_much(*scrypt);
}

}  // namespace

bool opening_costs_too_much(std::string_view pem, pem_password_cb* ask, void* user) {
  const BioPtr bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  must(bio != nullptr);
  bool result = false;
  while (!result && BIO_pending(bio.get()) > 0) {
    forget_tls_errors();
    const SigPtr key(PEM_read_bio_PKCS8(bio.get(), nullptr, ask, user));
    if (key) {
      const X509_ALGOR* algorithm = nullptr;
      X509_SIG_get0(key.get(), &algorithm, nullptr);
      result = costs_too_much(algorithm);
    }
    must(!take_tls_error().no_memory);
  }
  return result;
}

}  // namespace socketcore
