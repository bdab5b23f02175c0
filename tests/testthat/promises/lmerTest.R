promise("anova() is of type III with Satterthwaite's df", {
  ours <- anova(lines$sexes)
  theirs <- anova(tests$sexes)
  near(f_of(ours), theirs[["F value"]], 1e-4)
})

promise("anova(type = 1), anova(type = 2)", {
  near(f_of(anova(lines$sexes, type = 1)), f_of(anova(tests$sexes, type = 1)), 1e-4) &&
    near(f_of(anova(lines$sexes, type = 2)), f_of(anova(tests$sexes, type = 2)), 1e-4)
})

promise("anova(ddf = \"Kenward-Roger\")", {
  near(f_of(anova(lines$sexes, ddf = "Kenward-Roger")),
    f_of(anova(tests$sexes, ddf = "Kenward-Roger")), 1e-3)
})

promise("type may be a Roman number, in any case", {
  near(f_of(anova(lines$sexes, type = "iii")), f_of(anova(lines$sexes, type = 3)))
})

promise("a type that there is not is an error", fails(anova(lines$sexes, type = 4), "type"))

promise("anova(ddf = \"lme4\") has no p-values", {
  !any(grepl("Pr", names(anova(lines$sexes, ddf = "lme4"))))
}, different = "`ddf = \"none\"`: tests with infinite degrees of freedom, said in the table",
is = any(grepl("none|Inf|Chisq", capture.output(anova(lines$sexes, ddf = "none")))))

promise("summary() has df and p-values", {
  ours <- coef(summary(lines$sexes))
  theirs <- coef(summary(tests$sexes))
  near(ours[, 3], theirs[, "df"], 1e-3) || near(ours[, "df"], theirs[, "df"], 1e-3)
})

promise("summary(ddf = \"Kenward-Roger\")", {
  ours <- coef(summary(lines$sexes, ddf = "Kenward-Roger"))
  theirs <- coef(summary(tests$sexes, ddf = "Kenward-Roger"))
  near(ours[, "Std. Error"], theirs[, "Std. Error"], 1e-3)
})

promise("contest() of a vector is a t test", {
  L <- c(0, 0, 0, 1)
  near(contest(lines$sexes, L)$table$p.value,
    lmerTest::contest(tests$sexes, L, joint = FALSE)[["Pr(>|t|)"]], 1e-3)
})

promise("contest() of a matrix is an F test", {
  L <- rbind(c(0, 1, 0, 0), c(0, 0, 0, 1))
  ours <- contest(lines$sexes, L)
  near(ours$joint$F, lmerTest::contest(tests$sexes, L)[["F value"]], 1e-3)
})

promise("rows of L that depend on others are counted once", {
  L <- rbind(c(0, 1, 0, 0), c(0, 2, 0, 0))
  near(contest(lines$sexes, L)$joint$F, lmerTest::contest(tests$sexes, L)[["F value"]], 1e-3)
})

promise("contest() of columns that there are not is an error",
  fails(contest(lines$sexes, c(0, 1)), "K|L|column"))

promise("contest(rhs = )", is.numeric(contest(lines$sexes, c(0, 1, 0, 0), rhs = 5)$joint$F))

promise("lmerTest::contest() of our fit", {
  inherits(lmerTest::contest(lines$sexes, c(0, 1, 0, 0)), "contest")
})

promise("ranova() drops a random term, and a slope of a term", {
  ours <- ranova(lines$slope)
  theirs <- lmerTest::ranova(lmerTest::lmer(height ~ age + (age | id), growth))
  near(ours$Chisq[2], theirs$LRT[2], 1e-3)
})

promise("ranova(reduce.terms = FALSE) drops whole terms", {
  ours <- ranova(lines$slope, reduce.terms = FALSE)
  nrow(ours) == 2
})

promise("drop1() tests marginal terms by F", {
  found <- drop1(lines$sexes)
  theirs <- drop1(tests$sexes)
  near(f_of(found), f_of(theirs), 1e-3)
})

promise("step(): terms left out one by one", {
  inherits(lmerTest::step(lines$sexes), "step_list")
}, different = "no search: a chosen model has no honest p-values; drop1() tests what is asked",
is = is.data.frame(drop1(lines$sexes)))

promise("ls_means(): least squares means of factors", {
  ours <- as.data.frame(marginal_means(lines$sexes, ~ sex))
  theirs <- lmerTest::ls_means(tests$sexes, "sex")
  near(ours[[grep("mean|estimate", names(ours))[1]]], theirs$Estimate, 1e-3)
})

promise("difflsmeans(): their differences", {
  nrow(as.data.frame(mean_contrasts(marginal_means(lines$sexes, ~ sex), list(c(-1, 1))))) == 1
})

promise("show_tests(): the contrasts of a table", is.list(lmerTest::show_tests(anova(lines$sexes))),
  different = "is_estimable() and contest() take and show K",
  is = isTRUE(all(is_estimable(lines$sexes, c(0, 1, 0, 0)))))

promise("a variance of zero has tests", {
  flat <- transform(growth, y = rep(c(-1, 1), length.out = nrow(growth)) + 0.1 * age)
  fit <- quietly(lmmfit(y ~ age + (1 | id), flat))
  all(is.finite(f_of(anova(fit))))
})

promise("a model without fixed effects has an empty table", {
  fit <- lmmfit(height ~ 0 + (1 | id), growth)
  nrow(quietly(anova(fit))) == 0
})

promise("empty cells: rank deficient tables", {
  holes <- subset(growth, !(sex == "boy" & visit == "3"))
  ours <- quietly(anova(lmmfit(height ~ sex * visit + (1 | id), holes), type = 1))
  theirs <- quietly(anova(lmerTest::lmer(height ~ sex * visit + (1 | id), holes), type = 1))
  near(f_of(ours), f_of(theirs), 1e-3)
})

promise("a fit survives a save, and has tests then", {
  file <- tempfile()
  saveRDS(lines$sexes, file)
  near(f_of(anova(readRDS(file))), f_of(anova(lines$sexes)))
})

promise("a fit made inside a function has tests outside", {
  make <- function(rows) lmmfit(height ~ sex * age + (1 | id), rows)
  near(f_of(anova(make(growth))), f_of(anova(lines$sexes)))
})
