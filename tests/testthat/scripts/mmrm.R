script("mmrm: unstructured", {
  m <- lmmfit(height ~ sex * visit + us(visit | id), data = growth)
}, refused = "residual")

script("mmrm: as residuals, Kenward-Roger", {
  m <- lmmfit(height ~ sex * visit, residual = us(visit | id), data = growth,
    ddf = "Kenward-Roger")
  summary(m)
}, same = mmrm(height ~ sex * visit + us(visit | id), growth))

script("mmrm: Toeplitz, antedependence, heterogeneous", {
  m <- lmmfit(height ~ sex * visit, residual = ~ toeph(visit | id), data = growth)
  m2 <- lmmfit(height ~ sex * visit, residual = ~ adh(visit | id), data = growth)
  m3 <- lmmfit(height ~ sex * visit, residual = ~ ar1h(visit | id), data = growth)
}, same = mmrm(height ~ sex * visit + toeph(visit | id), growth))

script("mmrm: groups of subjects", {
  m <- lmmfit(height ~ sex * visit, residual = ~ cs(visit | sex / id), data = growth,
    method = "ML")
}, same = mmrm(height ~ sex * visit + cs(visit | sex / id), growth, reml = FALSE))

script("mmrm: reml = FALSE, covariance =", {
  m <- lmmfit(height ~ sex * visit, covariance = us(visit | id), reml = FALSE, data = growth)
}, same = mmrm(height ~ sex * visit + us(visit | id), growth, reml = FALSE))

script("mmrm: spatial exponential", {
  m <- lmmfit(height ~ sex * visit, residual = ~ sp_exp(age | id), data = growth)
}, same = mmrm(height ~ sex * visit + sp_exp(age | id), growth))

script("SAS: type = un, ddfm = kr", {
  m <- lmmfit(height ~ sex * visit, residual = ~ un(visit | id), data = growth, ddf = "kr")
  marginal_means(m, ~ sex | visit)
}, same = mmrm(height ~ sex * visit + us(visit | id), growth))

script("SAS: repeated / type = ar(1) subject = id", {
  m <- lmmfit(height ~ sex * visit, repeated = ~ visit, subject = "id", type = "ar(1)",
    data = growth)
}, refused = "residual")

script("SAS: random int age / subject = id type = un", {
  m <- lmmfit(height ~ sex * age, random = ~ 1 + age | id, data = growth, method = "reml",
    ddf = "satterthwaite")
  contest(m, c(0, 1, 0, 10))
}, same = lme4::lmer(height ~ sex * age + (1 + age | id), growth))

script("SAS: compound symmetry, between-within", {
  m <- lmmfit(height ~ sex * visit, residual = ~ CS(visit | id), data = growth, ddf = "bw")
  anova(m)
}, same = mmrm(height ~ sex * visit + cs(visit | id), growth))
