# Methods for generics of packages that are only suggested are registered when those are loaded.
.onLoad <- function(libname, pkgname) {
  register_later("emmeans", "recover_data", "lmmfit")
  register_later("emmeans", "emm_basis", "lmmfit")
  register_later("multcomp", "modelparm", "lmmfit")
}

register_later <- function(package, generic, class) {
  method <- get(paste(generic, class, sep = "."), envir = asNamespace("henderson"))
  register <- function(...) registerS3method(generic, class, method, envir = asNamespace(package))
  if (isNamespaceLoaded(package)) register()
  setHook(packageEvent(package, "onLoad"), register)
}

.onUnload <- function(libpath) {
  library.dynam.unload("henderson", libpath)
}
