# Conditions about arguments that a function does not have, or that are of other packages.

# What a function got in `...` and does not use stops with its name: nothing that was typed is
# ignored. `.ignored` are names that the function itself reads, or that callers of its generic pass.
check_unused <- function(..., .ignored = character()) {
  refuse_unused(as.list(substitute(list(...)))[-1L], sys.parent(), .ignored)
}

# `given` are expressions, `caller` is the number of the frame of the function that got them.
refuse_unused <- function(given, caller, ignored = character()) {
  names <- names(given) %||% rep.int("", length(given))
  unused <- which(!names %in% ignored)
  if (length(unused) == 0L) return(invisible())
  head <- sys.call(caller)[[1L]]
  known <- setdiff(names(formals(sys.function(caller))), "...")
  abort_unused(names[unused[1L]], given[[unused[1L]]], head, known)
}

# Called first by a function of the user, with the names of its arguments without a default: one
# that was not given stops with its name. `check_given(x, ...)` is of a function that has no use for
# `...`, which it has so that what is not an argument of it stops here, and not with R's words.
check_given <- function(...) {
  frame <- parent.frame()
  caller <- sys.parent()
  arguments <- formals(sys.function(caller))
  typed <- if ("..." %in% names(arguments)) eval(quote(as.list(substitute(list(...)))[-1L]), frame)
  needed <- vapply(as.list(sys.call())[-1L], as.character, "")
  if ("..." %in% needed) refuse_unused(typed, caller)
  lacking <- Filter(function(name) eval(call("missing", as.name(name)), frame),
    setdiff(needed, "..."))
  if (length(lacking) == 0L) return(invisible())
  mistyped <- vapply(names(typed), function(name) {
    any(lacking %in% nearest_names(name, names(arguments)))
  }, NA)
  refuse_unused(typed[mistyped], caller)
  abort_missing_argument(lacking[1L], method_generic(sys.call(caller)[[1L]]), arguments)
}

# `fun` and its `arguments`: what it is called, and what it takes.
abort_missing_argument <- function(name, fun, arguments) {
  needed <- vapply(arguments, function(x) is.symbol(x) && !nzchar(x), NA)
  needed[names(needed) == "..."] <- FALSE
  usage <- paste0(fun, "(", toString(names(needed)[needed]), ")")
  abort("argument", "{.arg {name}} of {.fn {fun}} is missing.",
    "Write {.code {usage}}: see {.code ?{fun}}.", name)
}

# What a user calls a method; one that is called as an object has no name.
method_generic <- function(head) {
  has_name <- is.symbol(head) || is_call_to(head, c("::", ":::"))
  if (!has_name) return("this method")
  sub("^henderson:::?", "", sub("[.](lmmfit|two_stage).*$", "", deparse_one(head)))
}

abort_unused <- function(name, value, head, known) {
  fun <- method_generic(head)
  if (length(known) == 0L) {
    abort("argument", "{.fn {fun}} has no arguments.", "Write {.code {fun}()}.", name, value)
  }
  if (!nzchar(name)) {
    text <- short_text(value)
    abort("argument", "{.fn {fun}} has no use for {.code {text}}.",
      "Name the argument: {.or {.arg {known}}}.", NA_character_, value)
  }
  foreign <- foreign_names[c(name, nearest_names(name, names(foreign_names)))]
  if (fun == "lmmfit" && name %in% names(foreign_remedies)) {
    abort("argument", "{.fn lmmfit} has no argument {.arg {name}}.", foreign_remedies[[name]], name,
      value)
  }
  near <- unique(c(nearest_names(name, known), intersect(foreign, known)))
  remedy <- if (length(near) > 0L) "Did you mean {.or {.arg {near}}}?" else
    "Its arguments are {.arg {known}}."
  abort("argument", "{.fn {fun}} has no argument {.arg {name}}.", remedy, name, value)
}

abort_graphics <- function(name, nearest) {
  abort("argument", "{.fn plot} has no argument {.arg {name}}, which is no graphical parameter.",
    if (length(nearest) > 0L) "Did you mean {.or {.arg {nearest}}}?" else
      "Pictures are chosen by {.arg type}: see {.code ?plot.lmmfit}, and {.code ?par}.", name)
}

# What to write for arguments of fits that have no counterpart of one name.
no_setting <- "A setting of another optimiser: leave it out, or see {.fn lmm_control}."
values_remedy <- "Write {.arg hold} for known values, {.arg start} for starting ones."
repeated_remedy <- "Write {.code residual = ~ ar1(visit | id)}: see {.code ?structures}."
columns_remedy <- paste("Write {.code (1 | gr(id, cov = tcrossprod(Z)))} for columns {.code Z}",
  "by level of {.code id}.")
missing_remedy <- paste("Write {.code na.action = na.method(x = \"include\")},",
  "or {.code na_random = \"zero\"}.")
kernel_remedy <- "Write {.code (1 | gr(id, cov = K))} in {.arg formula}."
foreign_remedies <- list(
  ai.sing = no_setting, tolParInv = no_setting,
  optimizer = no_setting, nAGQ = no_setting,
  constraints = values_remedy, group = columns_remedy,
  mbf = columns_remedy, na.method.X = missing_remedy, na.method.Y = missing_remedy,
  allow.new.levels = "It is an argument of {.fn predict}, where new levels come.",
  vcc = "Write {.arg tie} for equal or proportional parameters: see {.code ?lmmfit}.",
  knot.points = "Write {.code spl(x, knots)} in the model: see {.code ?spl}.",
  K = kernel_remedy, ETA = kernel_remedy, kernel = kernel_remedy,
  y = "Write {.code lmmfit(y ~ x + (1 | group), data)}: the response stands in {.arg formula}.",
  repeated = repeated_remedy, subject = repeated_remedy, type = repeated_remedy
)

# What other packages call our arguments.
foreign_names <- c(
  condVar = "se", postVar = "condVar", se.fit = "se", allow.new.levels = "allow_new_levels",
  re.form = "random", n.sim = "nsim", conf.level = "level", L = "K", n = "nsim",
  lmer.df = "ddf", use.u = "conditional", scaled = "type", maxit = "control", maxiter = "control",
  nitt = "draws", ddfm = "ddf", fixed.effects = "formula"
)

abort_control <- function(value) {
  shown <- short_text(value)
  abort("argument", "{.arg control} must be made by {.fn lmm_control}, not {.code {shown}}.",
    "Settings of other optimisers have no meaning here: leave them out.", "control", value)
}

# An argument of another package whose value cannot be had here.
abort_foreign <- function(argument, text, problem, remedy, .envir = parent.frame()) {
  known <- list2env(list(argument = argument, text = text), parent = .envir)
  abort("foreign", paste0("{.code {argument} = {text}}: ", problem, "."), remedy, argument, text,
    known)
}

abort_prediction_level <- function(level) {
  shown <- short_text(level)
  abort("argument",
    "{.arg level} is that of intervals, a number between 0 and 1, not {.code {shown}}.",
    "Without random effects: {.code random = FALSE}; with all: {.code random = TRUE}.", "level",
    level)
}

abort_missing_contrast <- function() {
  abort("argument", "{.arg K}, the coefficients of the fixed effects, is missing.",
    "Write {.code contest(fit, K = c(0, 1))}; {.arg L} has those of the random effects.", "K")
}

abort_missing_formula <- function() {
  abort("formula", "{.arg formula} is missing.", "Write it as {.code y ~ x + (1 | group)}.",
    "formula")
}

abort_swapped <- function() {
  abort("formula", "{.arg formula} is a data frame, and {.arg data} a formula.",
    "The formula comes first: {.code lmmfit(y ~ x + (1 | group), data)}.", "formula")
}

abort_classify_argument <- function(name) {
  remedy <- if (name == "newdata") "Write {.code at = list(x = 1)} for values of covariates." else
    "See {.fn marginal_means} for the arguments of means."
  abort("argument", "{.arg {name}} is of predictions of rows, and {.arg classify} asks for means.",
    remedy, name)
}

# One line that says how something was understood.
inform_read_as <- function(given, read) {
  inform("read_as", "{.code {given}} is read as {.code {read}}.", value = read)
}

# A setting that changes no answer.
inform_left_out <- function(name) {
  inform("read_as", "{.arg {name}} has no meaning here, and is left out.", name)
}

abort_asreml <- function(what) {
  abort("asreml", "{.code {what}} is not had in ASReml's grammar by {.fn in_asreml}.",
    "See {.code in_henderson(fit)} for the model in our own.", "fit", what)
}
