# ASReml's tables of variance parameters: `start.values = TRUE` makes one, and `G.param` and
# `R.param` take it back, with values to begin at or, of constraint "F", to hold.

with_parameter_tables <- function(call, env) {
  given <- intersect(c("G.param", "R.param"), names(call))
  if (length(given) == 0L) return(call)
  tables <- lapply(given, function(name) {
    parameter_rows(eval(call[[name]], env), call[[name]], name)
  })
  table <- unique(do.call(rbind, tables))
  if (anyDuplicated(table$name)) {
    abort_foreign(given[1L], short_text(call[[given[1L]]]), "it gives a parameter two values",
      "Give the same table twice, or each parameter once.")
  }
  call[given] <- NULL
  for (name in c("hold", "start")) {
    own <- table[(table$constraint == "F") == (name == "hold"), ]
    if (nrow(own) == 0L) next
    if (!is.null(call[[name]])) {
      abort_foreign(given[1L], "...", paste0("{.arg ", name, "} is given too"), "Give one of them.")
    }
    call[[name]] <- as.call(c(quote(c), stats::setNames(as.list(own$value), own$name)))
    inform_read_as(paste(given, "=", collapse = " "), paste(name, "=", deparse_one(call[[name]])))
  }
  call
}

# name, value, constraint; rows without a value are left out.
parameter_rows <- function(value, typed, argument) {
  if (is.list(value) && is.data.frame(value$vparameters.table)) value <- value$vparameters.table
  columns <- c("Component", "Value", "Constraint")
  if (!is.data.frame(value) || !all(columns %in% names(value)) || !is.numeric(value$Value)) {
    abort_foreign(argument, short_text(typed),
      "it is not a table with {.code Component}, {.code Value} and {.code Constraint}",
      "Make one by {.code start.values = TRUE}, or write {.arg hold} and {.arg start}.")
  }
  rows <- data.frame(name = own_component(as.character(value$Component)), value = value$Value,
    constraint = toupper(as.character(value$Constraint)))
  rows[!is.na(rows$value), ]
}

# `units!R` is the residual variance, `line!line` the variance of `line`.
own_component <- function(name) {
  name <- sub("^(units|R|residual)!.*$", "residual", name)
  sub("^(.*)!\\1$", "\\1", name)
}

# The call of a fit becomes that of a table of where its search begins.
with_starting_table <- function(call) {
  call$control <- quote(henderson::lmm_control(max_iterations = 1))
  as.call(list(starting_table, call))
}

starting_table <- function(fit) {
  fit <- suppressWarnings(fit, "henderson_warning_convergence")
  parameters <- fit$parameters
  constraint <- ifelse(parameters$status == "held", "F",
    ifelse(parameters$kind == "variance", "P", "U"))
  list(vparameters.table = data.frame(Component = parameters$name, Value = parameters$estimate,
    Constraint = constraint))
}
