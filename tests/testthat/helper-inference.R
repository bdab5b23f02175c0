# Peers of tests of fixed effects: lmerTest (Satterthwaite, observed information) and pbkrtest
# (Kenward-Roger, expected information), both brought to their own optimum first.

peer_lmer <- function(formula, data, REML = TRUE) {
  skip_if_not_installed("lmerTest")
  control <- lme4::lmerControl(
    optimizer = "bobyqa", optCtrl = list(rhoend = 1e-11), calc.derivs = FALSE,
    check.conv.singular = "ignore"
  )
  suppressMessages(lmerTest::lmer(formula, data, REML = REML, control = control))
}

peer_data <- function(name, package) {
  skip_if_not_installed(package)
  env <- new.env()
  utils::data(list = name, package = package, envir = env)
  as.data.frame(env[[name]])
}

# Models with balanced and unbalanced data, several random terms, empty cells.
inference_models <- function() {
  sleep <- peer_data("sleepstudy", "lme4")
  cake <- peer_data("cake", "lme4")
  cake$temperature <- factor(cake$temperature, ordered = FALSE)
  empty <- cake[!(cake$recipe == "A" & cake$temperature == "185"), ]
  list(
    sleepstudy = list(Reaction ~ Days + (1 + Days | Subject), sleep),
    unbalanced = list(Reaction ~ Days + (1 + Days | Subject),
      sleep[-c(3, 17:19, 55:60, 131:137), ]),
    uncorrelated = list(Reaction ~ Days + (1 + Days || Subject), sleep[-c(3, 17:19, 55:60), ]),
    oats = list(yield ~ Variety * nitro + (1 | Block) + (1 | Block:Variety),
      as.data.frame(nlme::Oats)[-c(5, 40, 41), ]),
    cake = list(angle ~ recipe * temperature + (1 | recipe:replicate), cake[-c(1, 7, 30:32), ]),
    empty = list(angle ~ recipe * temperature + (1 | recipe:replicate), empty),
    beets = list(sugpct ~ block + sow + harvest + (1 | block:harvest),
      peer_data("beets", "pbkrtest")),
    ham = list(Informed.liking ~ Product * Information + Age * Gender + (1 | Consumer) +
      (1 | Product:Consumer), peer_data("ham", "lmerTest")[-(1:40), ]),
    carrots = list(Preference ~ sens2 * Homesize + (1 + sens2 | Consumer),
      peer_data("carrots", "lmerTest"))
  )
}

unit_rows <- function(names) {
  K <- diag(length(names))
  dimnames(K) <- list(names, names)
  K
}
