# The rooms of the house in their one total order. A file includes only files of its own room and
# of earlier ones. Read by the build, by tests/style and by the tour.
set(MOE_ROOMS core tensor device precision op comm routing optim recipe layer model io train app)
