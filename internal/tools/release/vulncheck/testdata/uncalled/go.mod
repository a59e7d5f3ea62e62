module example.com/uncalled

go 1.25

require example.com/vulnerable v1.0.0
