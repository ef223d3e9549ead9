int exported(int);
int main(void) { return exported(20) - 42; }
