#' Heights of forty children
#'
#' Simulated: a child has its own start and its own slope around the curve of its sex. Some of the
#' later visits are missing.
#'
#' @format A data frame with a row for each visit that took place:
#' \describe{
#'   \item{id}{the child, a factor}
#'   \item{sex}{a factor, `girl` or `boy`}
#'   \item{visit}{a factor, `1` to `5`}
#'   \item{age}{in years: 2, 4, 6, 9 or 12}
#'   \item{height}{in cm}
#' }
#' @source `data-raw/data.R` of the sources of the package.
#' @examples
#' lmmfit(height ~ sex * age + I(age^2) + (1 + age | id), growth)
#' lmmfit(height ~ sex * visit, growth, residual = ~ us(visit | id))
#' @docType data
#' @keywords datasets
#' @name growth
#' @usage growth
NULL

#' A trial of 24 lines in three environments
#'
#' Simulated: lines have effects in each environment that are correlated, with two replicates in
#' each, and neighbouring plots have errors that are correlated along rows and columns. The yields
#' of two plots are missing.
#'
#' @format A data frame with a row for each plot:
#' \describe{
#'   \item{env}{the environment, a factor, `E1` to `E3`}
#'   \item{rep}{the replicate within the environment, a factor: columns 1 to 3, and 4 to 6}
#'   \item{row, col}{the place of the plot in its field: numbers, 1 to 8 and 1 to 6}
#'   \item{line}{a factor, `L01` to `L24`}
#'   \item{yield}{in t/ha}
#' }
#' @source `data-raw/data.R` of the sources of the package.
#' @examples
#' # The fields as they are, and the lines by environment
#' fit <- lmmfit(yield ~ env + us(env | line), trial, residual = list(env = ~ ar1(row):ar1(col)))
#' varcomp(fit)
#' @docType data
#' @keywords datasets
#' @name trial
#' @usage trial
NULL

#' A flock of sheep: pedigree, records and markers
#'
#' Simulated: genes of 240 markers are dropped through the pedigree, and make the breeding values of
#' two traits, and a maternal value of one of them.
#'
#' @format `flock` is a pedigree in a data frame: `id`, `sire` and `dam`, with `NA` for the
#'   parents of the 52 founders, and `born`, the year of birth. `lambs` has a
#'   row for each of the 200 lambs:
#' \describe{
#'   \item{animal, dam}{the lamb and its dam, as in `flock`}
#'   \item{sex, year}{factors}
#'   \item{birth, weaning}{weights in kg at birth and at weaning; 25 of the latter are missing}
#' }
#' `lamb_markers` is a matrix with a row for each of the 110 lambs of 2022 and a column for each
#' marker: the numbers, 0 to 2, of copies of an allele.
#' @source `data-raw/data.R` of the sources of the package.
#' @examples
#' ped <- pedigree(flock)
#' fit <- lmmfit(birth ~ sex + year + (1 | gr(animal, pedigree = ped)) + (1 | dam), lambs)
#' vpredict(fit, h2 ~ animal / (animal + dam + residual))
#'
#' # The lambs that have markers
#' genotyped <- subset(lambs, animal %in% rownames(lamb_markers))
#' G <- grm(lamb_markers)
#' lmmfit(birth ~ sex + (1 | gr(animal, cov = G)), genotyped)
#' @docType data
#' @keywords datasets
#' @name flock
#' @aliases lambs lamb_markers
#' @usage
#' flock
#' lambs
#' lamb_markers
NULL
